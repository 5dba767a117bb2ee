import type { PgClient } from "postgraphile/@dataplan/pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { createReadTransactions } from "../../src/graphql/readTransactions.ts";
import { createPool } from "../../src/database/pool.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";

let database: TestDatabase;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  database = await createTestDatabase();
  // One connection, so that what is left in it meets the next one.
  pool = createPool({ connectionString: database.url, max: 1 });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** What SQL could take for its own. */
const TENANT = String.raw`it's \ A`;
const SETTINGS = { "ratchet.tenant": TENANT, transaction_read_only: "on", unset: undefined };

function tenantIn(client: PgClient): Promise<string | null> {
  return client
    .query<{ tenant: string | null }>({
      text: "select nullif(current_setting('ratchet.tenant', true), '') as tenant",
    })
    .then(({ rows }) => rows[0]?.tenant ?? null);
}

test("settings hold for the query and are gone after it", async () => {
  const read = createReadTransactions(pool);
  expect(await read(SETTINGS, tenantIn)).toBe(TENANT);
  expect(await read(null, tenantIn)).toBeNull();
});

test("what writes is refused by Postgres, and the connection goes on", async () => {
  const read = createReadTransactions(pool);
  await expect(read(SETTINGS, (client) => client.query({ text: "create table written ()" }))).rejects.toMatchObject({
    code: "25006",
  });
  expect(await read(SETTINGS, tenantIn)).toBe(TENANT);
});

test("without its role nothing is asked", async () => {
  const read = createReadTransactions(pool);
  const ask = vi.fn<(client: PgClient) => Promise<string | null>>(tenantIn);
  await expect(read({ role: "nobody_has_this_role", ...SETTINGS }, ask)).rejects.toMatchObject({ code: "22023" });
  expect(ask).not.toHaveBeenCalled();
  expect(await read(null, tenantIn)).toBeNull();
});

test("a connection that is lost meanwhile is not used again", async () => {
  const read = createReadTransactions(pool);
  await expect(
    read(SETTINGS, (client) => client.query({ text: "select pg_terminate_backend(pg_backend_pid())" })),
  ).rejects.toThrow(/terminat|connection/iv);
  expect(await read(SETTINGS, tenantIn)).toBe(TENANT);
});
