import { readFileSync } from "node:fs";
import path from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { addJob } from "../../src/database/calls/jobs.ts";
import { listen } from "../../src/database/listener.ts";
import { checkMigrated, migrationState } from "../../src/database/migrationState.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { RESERVED_NAMES } from "../../src/database/reservedNames.ts";
import { inSchemas, renameSchemas, schemaNames } from "../../src/database/schemaNames.ts";
import { describeSchema } from "../sql/describeSchema.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

// A name that is also a table's, and one that begins with the other.
const NAMES = schemaNames({ ratchet: "tasks", graphileWorker: "tasks_queue" });

describe("a database with other names", () => {
  let database: TestDatabase;
  let pool: ReturnType<typeof createPool>;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    pool = createPool({ connectionString: database.url, schemas: NAMES });
    await migrate(pool);
  });

  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  test("has the same schema as one with the default names", async () => {
    const snapshot = readFileSync(path.join(import.meta.dirname, "../../sql/schema.snapshot.txt"), "utf8");
    expect(await describeSchema(pool)).toBe(renameSchemas(snapshot, NAMES));
    await checkMigrated(pool);
  });

  test("names the default schemas nowhere: in no function, view, trigger, constraint or comment", async () => {
    const plain = createPool({ connectionString: database.url, max: 1 });
    const { rows } = await plain.query(
      String.raw`select found.text from (
           select prosrc as text from pg_proc where pronamespace::regnamespace::text ~ '^tasks'
           union all select pg_get_viewdef(oid) from pg_class where relkind = 'v' and relnamespace::regnamespace::text ~ '^tasks'
           union all select pg_get_triggerdef(oid) from pg_trigger
           union all select pg_get_constraintdef(oid) from pg_constraint
           union all select description from pg_description
         ) as found
        where found.text ~ '\mratchet(_private)?[.:]' or found.text ~ '\mgraphile_worker'`,
    );
    expect(rows).toStrictEqual([]);
    const schemas = await plain.query(
      "select nspname from pg_namespace where nspname !~ '^(pg_|information)' order by 1",
    );
    await plain.end();
    expect(schemas.rows).toStrictEqual(
      ["public", "tasks", "tasks_private", "tasks_queue"].map((nspname) => ({ nspname })),
    );
  });

  test("is served by a client that is not ours, whose own statements stay as they are", async () => {
    const plain = createPool({ connectionString: database.url });
    try {
      await expect(addJob(inSchemas(plain, NAMES), { identifier: "nothing", payload: {} })).rejects.toMatchObject({
        code: "RT001",
        hint: expect.not.stringContaining("ratchet."),
      });
      expect((await plain.query("select 'ratchet.jobs' as text")).rows).toStrictEqual([{ text: "ratchet.jobs" }]);
    } finally {
      await plain.end();
    }
  });

  test("is no database for who uses the default names (RT106), and the other way round", async () => {
    const plain = createPool({ connectionString: database.url });
    const third = createPool({ connectionString: database.url, schemas: schemaNames({ ratchet: "third" }) });
    try {
      await expect(checkMigrated(plain)).rejects.toMatchObject({ message: "The database has no schema `ratchet`." });
      await expect(checkMigrated(third)).rejects.toMatchObject({ message: "The database has no schema `third`." });
    } finally {
      await Promise.all([plain.end(), third.end()]);
    }
  });

  test("every word that Postgres would want quoted is refused as a name", async () => {
    const { rows } = await pool.query<{ word: string }>(
      "select word from pg_get_keywords() where catcode <> 'U' and word ~ '^[a-z]'",
    );
    expect(rows.map(({ word }) => word).filter((word) => !RESERVED_NAMES.has(word))).toStrictEqual([]);
  });
});

describe("a migration", () => {
  let database: TestDatabase;
  const pools: ReturnType<typeof createPool>[] = [];

  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await database.drop();
  });

  function poolOf(ratchet: string, graphileWorker: string) {
    const pool = createPool({ connectionString: database.url, schemas: schemaNames({ ratchet, graphileWorker }) });
    pools.push(pool);
    return pool;
  }

  test("refuses a schema with somebody else's objects, which it would drop (RT110)", async () => {
    await database.pool.query(
      "create schema app; create table app.customers (); create function app.total() returns int language sql as 'select 1'",
    );
    await expect(migrate(poolOf("app", "app_queue"))).rejects.toMatchObject({
      code: "RT110",
      message: 'The schema for Ratchet, "app", holds objects that are not Ratchet\'s: customers, total().',
    });
    await database.pool.query("drop table app.customers; drop function app.total()");
    await migrate(poolOf("app", "app_queue"));
  });

  test("refuses the graphile-worker schema of another Ratchet (RT110)", async () => {
    await migrate(database.pool);
    const { ratchet, graphileWorker } = TEST_SCHEMAS;
    await expect(migrate(poolOf("second", graphileWorker))).rejects.toMatchObject({
      code: "RT110",
      message: `The Ratchet in the schema "${ratchet}" works with the graphile-worker schema "${graphileWorker}" already.`,
    });
    // A name that ends in the other's is another one.
    await migrate(poolOf("second", `my_${graphileWorker}`));
  });

  test("puts the functions in place anew when graphile-worker's schema is another one", async () => {
    await migrate(poolOf("shop", "shop_queue"));
    const moved = poolOf("shop", "new_queue");
    expect(await migrationState(moved)).toBe("pending");
    await expect(migrate(moved)).resolves.toStrictEqual({ applied: [], schemaRefreshed: true, missingRoles: [] });
    const { rows } = await moved.query(
      "select prosrc ~ 'new_queue.add_jobs' as is_new from pg_proc where proname = 'add_wake_ups'",
    );
    expect(rows).toStrictEqual([{ is_new: true }]);
  });

  test("of a new schema does not tell graphile-worker's other workers to end", async () => {
    await migrate(database.pool);
    const heard: string[] = [];
    const listening = listen({
      connectionString: database.url,
      channel: "worker:migrate",
      onNotification: (payload) => {
        heard.push(payload ?? "ready");
      },
    });
    try {
      await waitUntil(() => heard.includes("ready"));
      await migrate(poolOf("second", "second_queue"));
      await database.pool.query(`select pg_notify('worker:migrate', 'the end')`);
      await waitUntil(() => heard.includes("the end"));
      expect(heard).toStrictEqual(["ready", "the end"]);
    } finally {
      await listening.close();
    }
  });
});
