import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import publishListing from "../../tasks/publish_listing.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { findPsql, findPython, run } from "../support/programs.ts";

const ROLE = "listing_service";
const python = findPython();
const psql = findPsql();

let database: TestDatabase;
/** Roles belong to the whole server, and test files run side by side. */
let role: string;
let serviceUrl: string;
let counter = 0;

beforeEach(async () => {
  database = await createTestDatabase();
  await registerDefinitions(database.pool, [definitionRow("publish_listing", publishListing)], true);
  role = `${ROLE}_${process.pid}_${++counter}`;
  await database.pool.query(await example("setup.sql"));
  const url = new URL(database.url);
  url.username = role;
  url.password = "change me";
  serviceUrl = url.href;
});

afterEach(async () => {
  await database.pool.query(`drop owned by ${role}`);
  await database.pool.query(`drop role ${role}`);
  await database.drop();
});

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: serviceUrl });
  await client.connect();
  return client;
}

/** Postgres understands each statement of the program, as the service's login. */
async function expectPlanned(program: string): Promise<void> {
  const service = await connected();
  try {
    const statements = [...program.matchAll(/"(?<sql>(?:insert|select) [^"]+)"/gv)].map((match) => match[1] ?? "");
    expect(statements.length).toBeGreaterThan(3);
    for (const [number, statement] of statements.entries()) {
      let parameters = 0;
      const text = statement.replaceAll("%s", () => `$${++parameters}`);
      await expect(service.query(`prepare statement${number} as ${text}`)).resolves.toBeDefined();
    }
  } finally {
    await service.end();
  }
}

function path(name: string): string {
  return resolve(import.meta.dirname, "../../examples/services", name);
}

async function example(name: string): Promise<string> {
  return (await readFile(path(name), "utf8")).replaceAll(ROLE, role);
}

async function products() {
  const { rows } = await database.pool.query<{ sku: string; jobs: number; status: string; payload: { sku: string } }>(
    `select p.sku, j.status, j.payload, (select count(*)::int from ratchet.tasks t where t.job_id = j.id) as tasks
       from products p left join ratchet.jobs j on j.job_key = 'listing:' || p.sku order by p.sku`,
  );
  return rows;
}

function listed(sku: string, tasks = 5) {
  return { sku, status: "PENDING", tasks, payload: expect.objectContaining({ sku, folder: "examples/products" }) };
}

async function jobCount(): Promise<number> {
  const { rows } = await database.pool.query<{ jobs: number }>("select count(*)::int as jobs from ratchet.jobs");
  return rows[0]?.jobs ?? Number.NaN;
}

const PRINTED = [
  /^Rolled back.*: 0 jobs\.$/v,
  /^Job \d+ is PENDING\.$/v,
  /^RT003: The tasks "upload" of "publish_listing" come from the array/v,
];

function expectPrinted(output: string): void {
  expect(output.trimEnd().split("\n")).toStrictEqual(PRINTED.map((line) => expect.stringMatching(line)));
}

describe("a service", () => {
  test("in JavaScript with pg queues beside its own row, and takes both back", async () => {
    expectPrinted(await run(process.execPath, [path("products.js")], { DATABASE_URL: serviceUrl }));

    expect(await products()).toStrictEqual([listed("JKT-JS")]);
    expect(await jobCount()).toBe(1);
  });

  test(`in Python ${python === null ? "(not here with psycopg 3: its SQL is only planned)" : "with psycopg"} does the same`, async () => {
    if (python === null) {
      await expectPlanned(await example("products.py"));
      return;
    }
    expectPrinted(await run(python, [path("products.py")], { DATABASE_URL: serviceUrl }));

    expect(await products()).toStrictEqual([listed("JKT-PY")]);
    expect(await jobCount()).toBe(1);
  });

  test(`in psql ${psql === null ? "(not here: run through pg)" : ""} does the same`, async () => {
    if (psql === null) {
      const service = await connected();
      await service.query(await example("products.sql"));
      await service.end();
    } else {
      await run(psql, [serviceUrl, "-v", "ON_ERROR_STOP=1", "-f", path("products.sql")]);
    }

    expect(await products()).toStrictEqual([listed("JKT-SQL")]);
    expect(await jobCount()).toBe(1);
  });

  test("may do nothing but what its grants say", async () => {
    const service = await connected();
    try {
      for (const statement of [
        "select payload from ratchet.jobs",
        "select result from ratchet.tasks",
        "update ratchet.jobs set priority = 1",
        "delete from ratchet.jobs",
        "select ratchet.cancel_job(1)",
        "select ratchet.allow_login(session_user::text, 'other')",
        "select ratchet_private.caller_tenants()",
        "select from ratchet_private.login_tenants",
        "select graphile_worker.add_job('publish_listing')",
      ]) {
        const refusal = await service.query(statement).catch((error: unknown) => error);
        expect({ statement, refusal }).toMatchObject({ refusal: { code: "42501" } });
      }
    } finally {
      await service.end();
    }
  });
});

test("the trigger queues a job a product for a login with no right on Ratchet", async () => {
  await database.pool.query(await example("trigger.sql"));
  await database.pool.query(`revoke ratchet_enqueuer from ${role}`);
  const service = await connected();
  try {
    await service.query(
      "insert into products select 'P' || n, 'Product', 1, 'EUR', '{a.png}' from generate_series(1, 3) n",
    );
    await service.query("insert into products select 'Q', 'Product', 1, 'EUR', '{a.png}' where false");
    await expect(
      service.query("insert into products values ('R', 'No images', 1, 'EUR', '{}'), ('P1', '', 1, '', '{}')"),
    ).rejects.toMatchObject({ code: "23505" });
  } finally {
    await service.end();
  }

  expect(await products()).toStrictEqual([
    listed("JKT-1"),
    listed("JKT-2", 3),
    ...["P1", "P2", "P3"].map((sku) => listed(sku, 3)),
  ]);
});
