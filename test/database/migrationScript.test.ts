import { afterEach, expect, test } from "vitest";

import { createMigrationScript } from "../../src/database/migrationScript.ts";
import { migrationState } from "../../src/database/migrationState.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { describeSchema } from "../sql/describeSchema.ts";
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS, named } from "../support/schemas.ts";

const made: TestDatabase[] = [];

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  made.push(database);
  return database;
}

afterEach(async () => {
  await Promise.all(made.splice(0).map((each) => each.drop()));
});

async function scriptFor(database: TestDatabase | null): Promise<string> {
  const { sql } = await createMigrationScript(database?.pool ?? null, TEST_SCHEMAS);
  return sql ?? "";
}

test("the script for an empty database makes what the migrator makes, and the notes of it", async () => {
  const [byScript, byMigrator] = await Promise.all([emptyDatabase(), emptyDatabase()]);
  const [script] = await Promise.all([scriptFor(null), migrate(byMigrator.pool)]);
  expect(await scriptFor(byScript)).toBe(script);
  await byScript.pool.query(script);
  expect(await migrationState(byScript.pool)).toBe("current");
  expect(await describeSchema(byScript.pool)).toStrictEqual(await describeSchema(byMigrator.pool));
  const graphile = "select id, breaking from graphile_worker.migrations order by id";
  expect((await byScript.pool.query(graphile)).rows).toStrictEqual((await byMigrator.pool.query(graphile)).rows);
  await expect(migrate(byScript.pool)).resolves.toStrictEqual({
    applied: [],
    schemaRefreshed: false,
    missingRoles: [],
  });
});

test("it is one transaction: after an error nothing is there", async () => {
  const database = await emptyDatabase();
  const script = await scriptFor(null);
  await expect(database.pool.query(script.replace(/commit;$/v, "select 1/0; commit;"))).rejects.toThrow("division");
  expect(await migrationState(database.pool)).toBe("missing");
  const { rows } = await database.pool.query(
    "select nspname from pg_namespace where nspname in ('ratchet', 'graphile_worker')",
  );
  expect(rows).toStrictEqual([]);
});

test("for a database that is up to date there is none", async () => {
  const database = await createTestDatabase();
  made.push(database);
  await expect(createMigrationScript(database.pool, TEST_SCHEMAS)).resolves.toMatchObject({ sql: null });
});

test("an older version's database gets what it lacks, and loses what is no more", async () => {
  const database = await createTestDatabase();
  made.push(database);
  await database.pool.query(
    `update ratchet_private.schema_state set hash = 'older';
     create function ratchet.gone() returns int language sql return 1;
     create view ratchet.gone_too as select ratchet.gone() as one;
     create function ratchet.in_use() returns int language sql return 1;
     create view public.somebodys as select ratchet.in_use() as one`,
  );
  expect(await migrationState(database.pool)).toBe("pending");
  const script = await scriptFor(database);
  expect(script).not.toContain(named("create table graphile_worker"));
  expect(script).not.toContain(named("create table ratchet.jobs"));
  await database.pool.query(script);
  expect(await migrationState(database.pool)).toBe("current");
  const { rows } = await database.pool.query(
    "select to_regprocedure('ratchet.gone()') as gone, to_regclass('ratchet.gone_too') as gone_too, to_regprocedure('ratchet.in_use()')::text as in_use",
  );
  expect(rows).toStrictEqual([{ gone: null, gone_too: null, in_use: named("ratchet.in_use()") }]);
});

test("a migration of graphile-worker's that is left is in it, and the word to its running workers", async () => {
  const database = await createTestDatabase();
  made.push(database);
  const latest = "select max(id) from graphile_worker.migrations";
  const { rows } = await database.pool.query<{ id: number }>(
    `delete from graphile_worker.migrations where id = (${latest}) returning id`,
  );
  const script = await scriptFor(database);
  expect(script).toContain(
    `insert into "${TEST_SCHEMAS.graphileWorker}".migrations (id, breaking) values ('${rows[0]?.id}', `,
  );
  expect(script).toContain("select pg_notify('worker:migrate', '{");
  expect(script).not.toContain("-- Ratchet");
});

test("other names of the schemas are in it", async () => {
  const database = await emptyDatabase();
  const schemas = { ratchet: "jobs_of_shop", graphileWorker: "queue_of_shop" };
  const pool = createPool({ connectionString: database.url, schemas });
  try {
    const { sql } = await createMigrationScript(pool, schemas);
    await database.pool.query(sql ?? "");
    expect(await migrationState(pool)).toBe("current");
    await expect(migrate(pool)).resolves.toStrictEqual({ applied: [], schemaRefreshed: false, missingRoles: [] });
  } finally {
    await pool.end();
  }
});
