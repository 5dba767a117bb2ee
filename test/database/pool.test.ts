import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";

import { checkDatabase } from "../../src/database/connectionCheck.ts";
import { createPool } from "../../src/database/pool.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { deferred } from "../support/waiting.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});

afterAll(() => database.drop());

async function settingsWith(defaultCommit: string): Promise<{ isolation: string; commit: string }> {
  const name = (await database.pool.query<{ name: string }>("select current_database() as name")).rows[0]?.name;
  await database.pool.query(`alter database ${name} set synchronous_commit = '${defaultCommit}'`);
  await database.pool.query(`alter database ${name} set default_transaction_isolation = 'serializable'`);
  const pool = createPool({ connectionString: database.url, max: 1, applicationName: "settings" });
  try {
    const { rows } = await pool.query<{ isolation: string; commit: string }>(
      "select current_setting('transaction_isolation') as isolation, current_setting('synchronous_commit') as commit",
    );
    return rows[0] as { isolation: string; commit: string };
  } finally {
    await pool.end();
  }
}

test.each([
  ["off", "on"],
  ["local", "on"],
  ["remote_write", "on"],
  ["on", "on"],
  ["remote_apply", "remote_apply"],
])(
  "a database whose default is synchronous_commit = %s gives sessions with %s, READ COMMITTED",
  async (given, expected) => {
    expect(await settingsWith(given)).toStrictEqual({ isolation: "read committed", commit: expected });
  },
);

test("a killed session does not end the process, and the pool goes on", async () => {
  const pool = createPool({ connectionString: database.url, max: 1 });
  const { rows } = await pool.query<{ pid: number }>("select pg_backend_pid() as pid");
  const removed = deferred();
  pool.once("remove", () => {
    removed.resolve();
  });
  await database.pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
  await removed.promise;
  expect((await pool.query("select 1")).rowCount).toBe(1);
  await pool.end();
});

test.each(["idle", "in use"])(
  "the loss of a session that is %s is told in one short line, without its secrets",
  async (state) => {
    const told: object[] = [];
    const heard = deferred();
    const tell = (fields: object): void => {
      told.push(fields);
      heard.resolve();
    };
    const log = { debug: tell, info: tell, warn: tell, error: tell };
    const pool = createPool({ connectionString: database.url, max: 1, applicationName: "told", log });
    const client = await pool.connect();
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    if (state === "idle") {
      client.release();
    }
    await database.pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
    await heard.promise;
    if (state === "in use") {
      client.release(true);
    }
    await pool.end();
    for (const fields of told) {
      expect(fields).toStrictEqual({ applicationName: "told", errorMessage: expect.stringMatching(/terminat/v) });
    }
  },
);

test("bigint comes as a string, timestamptz as a Date", async () => {
  const { rows } = await database.pool.query<{ big: unknown; at: unknown }>(
    "select 9007199254740993 as big, now() as at",
  );
  expect(rows[0]).toStrictEqual({ big: "9007199254740993", at: expect.any(Date) });
});

test("a usable database passes the check", async () => {
  expect((await checkDatabase(database.pool)).serverVersion).toMatch(/^1[5-9]/v);
});

test("an unreachable server is RT101 with host and port and without the password", async () => {
  const pool = createPool({ connectionString: "postgresql://somebody:s3cret@127.0.0.1:1/nowhere" });
  const error: unknown = await checkDatabase(pool).catch((error_: unknown) => error_);
  expect(error).toMatchObject({ code: "RT101", retryable: true });
  expect(String(error)).toContain("127.0.0.1:1");
  expect(JSON.stringify(error) + String(error)).not.toContain("s3cret");
  await pool.end();
});

test("a wrong password is RT101 and not worth a retry", async () => {
  const url = new URL(database.url);
  url.password = "wrong";
  const pool = createPool({ connectionString: url.href });
  // A server given by hand may trust local connections; there nothing fails.
  const outcome: unknown = await checkDatabase(pool).catch((error: unknown) => error);
  expect([
    { serverVersion: expect.any(String) },
    expect.objectContaining({ code: "RT101", retryable: false }),
  ]).toContainEqual(outcome);
  await pool.end();
});

test("a database that is not UTF8 is RT124", async () => {
  const admin = new pg.Client(database.url);
  await admin.connect();
  const name = `${new URL(database.url).pathname.slice(1)}_latin`;
  await admin.query(
    `create database ${name} template template0 encoding 'LATIN1' locale 'C' ${await localeProvider(admin)}`,
  );
  const url = new URL(database.url);
  url.pathname = name;
  const pool = createPool({ connectionString: url.href });
  await expect(checkDatabase(pool)).rejects.toMatchObject({
    code: "RT124",
    message: expect.stringContaining("LATIN1"),
  });
  await pool.end();
  await admin.query(`drop database ${name} with (force)`);
  await admin.end();
});

async function localeProvider(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ number: number }>(
    "select current_setting('server_version_num')::int as number",
  );
  return (rows[0]?.number ?? 0) >= 150_000 ? "locale_provider libc" : "";
}
