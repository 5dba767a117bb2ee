import type pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";

import type { DatabaseLog } from "../../src/database/log.ts";
import { migrationState } from "../../src/database/migrationState.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { waitUntil } from "../support/waiting.ts";
import { changed, nextRelease } from "./nextRelease.ts";

let database: TestDatabase;
let holder: pg.PoolClient;

beforeEach(async () => {
  database = await createTestDatabase();
  holder = await database.pool.connect();
});
afterEach(async () => {
  holder.release(true);
  await database.drop();
});

const FUNCTION = "schema/functions/ratchet_private.clock_now.sql";

/** Whoever writes to the tables, or reads a view, holds a lock until it commits. */
async function holdEverything(): Promise<void> {
  await holder.query("begin; lock table ratchet.jobs, ratchet.tasks, ratchet.workers in row exclusive mode");
  await holder.query("select from ratchet.job_overview, ratchet.violations limit 1");
}

function collectingLog(): { log: DatabaseLog; warnings: [object, string][] } {
  const warnings: [object, string][] = [];
  const ignore = (): void => {};
  const warn = (fields: object, message: string): void => {
    warnings.push([fields, message]);
  };
  return { warnings, log: { debug: ignore, info: ignore, error: ignore, warn } };
}

test("a run on an up-to-date schema, and one that only replaces functions, wait for nobody", async () => {
  await holdEverything();
  const { log, warnings } = collectingLog();
  expect(await migrate(database.pool, { log })).toStrictEqual({
    applied: [],
    schemaRefreshed: false,
    missingRoles: [],
  });
  const folder = nextRelease({ [FUNCTION]: changed });
  expect(await migrate(database.pool, { log, folder })).toStrictEqual({
    applied: [],
    schemaRefreshed: true,
    missingRoles: [],
  });
  expect(await migrationState(database.pool, { folder })).toBe("current");
  expect(warnings).toStrictEqual([]);
});

test("what is left alone stays: views and triggers that have not changed are no leftovers", async () => {
  const objects = `select array_agg(name order by name) as names from (
      select oid::regclass::text as name from pg_class where relkind = 'v' and relnamespace::regnamespace::text like 'ratchet%'
      union all
      select tgrelid::regclass || ' ' || tgname from pg_trigger where not tgisinternal) as found`;
  const before = (await database.pool.query(objects)).rows;
  await migrate(database.pool, { folder: nextRelease({ [FUNCTION]: changed }) });
  expect((await database.pool.query(objects)).rows).toStrictEqual(before);
});

test("a migration that somebody's transaction blocks lets others write meanwhile, says who it is, and goes on after it", async () => {
  await holdEverything();
  const { log, warnings } = collectingLog();
  const folder = nextRelease({
    "migrations/000002_note.sql": () => "alter table ratchet.jobs add note text;",
    "schema/triggers/ratchet.tasks.sql": changed,
  });
  let isOver = false;
  const migrating = migrate(database.pool, { log, folder }).finally(() => {
    isOver = true;
  });

  await waitUntil(() => warnings.length > 0, { what: "a warning" });
  for (let writes = 0; writes < 20; writes++) {
    await database.pool.query("insert into ratchet.audit (at, actor, action) values (now(), 'somebody', 'test')");
    await database.pool.query("update ratchet.jobs set priority = 1 where id = 0");
  }
  expect(isOver).toBe(false);
  const [fields, message] = warnings[0] ?? [];
  expect(message).toContain("waits for somebody else's lock");
  const { rows } = await holder.query<{ pid: number }>("select pg_backend_pid() as pid");
  expect(fields).toMatchObject({ inTheWay: expect.stringContaining(`Process ${rows[0]?.pid} (ratchet-test, role `) });

  await holder.query("rollback");
  expect(await migrating).toStrictEqual({ applied: ["000002_note"], schemaRefreshed: true, missingRoles: [] });
});

test("it gives up in the end, with nothing changed (RT149), and waits no longer than it is wanted", async () => {
  await holdEverything();
  const folder = nextRelease({ "migrations/000002_note.sql": () => "alter table ratchet.jobs add note text;" });
  await expect(migrate(database.pool, { folder, giveUpAfterMs: 0 })).rejects.toMatchObject({
    code: "RT149",
    message: expect.stringContaining("holds RowExclusiveLock on"),
    retryable: true,
  });
  const stopping = new AbortController();
  const { log, warnings } = collectingLog();
  const migrating = migrate(database.pool, { folder, log, signal: stopping.signal });
  await waitUntil(() => warnings.length > 0, { what: "a warning" });
  stopping.abort();
  await expect(migrating).rejects.toMatchObject({ name: "AbortError" });
  expect(await migrationState(database.pool, { folder })).toBe("pending");
});
