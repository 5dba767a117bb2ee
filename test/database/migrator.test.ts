import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";

import type { DatabaseLog } from "../../src/database/log.ts";
import { migrate } from "../../src/database/migrator.ts";
import { checkMigrated, migrationState } from "../../src/database/migrationState.ts";
import { createPool } from "../../src/database/pool.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS, named } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

const JOBS = "create schema if not exists ratchet; create table ratchet.jobs (id int);";
const GREET =
  "create or replace function ratchet.greet() returns text language sql as $$ select ratchet_private.word() $$;";
const WORD = "create or replace function ratchet_private.word() returns text language sql as $$ select 'hello' $$;";

let database: TestDatabase;

beforeEach(async () => {
  database = await createEmptyDatabase();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await database.drop();
});

function sqlFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(inject("testRunFolder"), "sql-"));
  for (const [name, sql] of Object.entries(files)) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), sql);
  }
  return folder;
}

async function read<Row>(sql: string): Promise<Row[]> {
  return (await database.pool.query(sql)).rows as Row[];
}

function collectingLog(): { log: DatabaseLog; warnings: object[] } {
  const warnings: object[] = [];
  const ignore = (): void => {};
  return {
    warnings,
    log: {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (fields) => {
        warnings.push(fields);
      },
    },
  };
}

describe("a run", () => {
  test("puts graphile-worker where Ratchet's functions look for it, whatever the environment says", async () => {
    vi.stubEnv("GRAPHILE_WORKER_SCHEMA", "elsewhere");
    await migrate(database.pool);
    expect(
      await read("select nspname from pg_namespace where nspname in ('graphile_worker', 'elsewhere')"),
    ).toStrictEqual([{ nspname: TEST_SCHEMAS.graphileWorker }]);
  });

  test("brings an empty database to the package's own schema, graphile-worker's included", async () => {
    expect(await migrationState(database.pool)).toBe("missing");
    await expect(checkMigrated(database.pool)).rejects.toMatchObject({ code: "RT106" });

    const result = await migrate(database.pool);

    expect(result.applied[0]).toMatch(/^000001_/v);
    expect(result.schemaRefreshed).toBe(true);
    expect(await migrationState(database.pool)).toBe("current");
    await checkMigrated(database.pool);
    await read("select * from graphile_worker.jobs");
    expect(await migrate(database.pool)).toStrictEqual({ applied: [], schemaRefreshed: false, missingRoles: [] });
  });

  test("can put the package's own functions, views and triggers in place again, and drops none of them", async () => {
    const objects = `select array_agg(name order by name) as names from (
        select oid::regprocedure::text as name from pg_proc where pronamespace::regnamespace::text like 'ratchet%'
        union all
        select oid::regclass::text from pg_class where relnamespace::regnamespace::text like 'ratchet%'
        union all
        select tgrelid::regclass || ' ' || tgname from pg_trigger where not tgisinternal) as found`;
    await migrate(database.pool);
    const before = await read(objects);
    await read("update ratchet_private.schema_state set hash = 'of files that were a little different'");
    const { log, warnings } = collectingLog();

    expect(await migrate(database.pool, { log })).toStrictEqual({
      applied: [],
      schemaRefreshed: true,
      missingRoles: [],
    });

    expect(await read(objects)).toStrictEqual(before);
    expect(warnings).toStrictEqual([]);
  });

  test("works with a pool of a single connection", async () => {
    const pool = createPool({ connectionString: database.url, max: 1 });
    expect((await migrate(pool, { folder: sqlFolder({ "migrations/000001_jobs.sql": JOBS }) })).schemaRefreshed).toBe(
      true,
    );
    await pool.end();
  });

  test("finds the order of functions that call each other, and makes functions before views before triggers", async () => {
    const folder = sqlFolder({
      "migrations/000001_jobs.sql": JOBS,
      "schema/triggers/jobs.sql":
        "create or replace trigger quiet before update on ratchet.jobs for each row execute function ratchet_private.quiet();",
      "schema/views/greeting.sql": "create or replace view ratchet.greeting as select ratchet.greet() as text;",
      "schema/functions/greet.sql": GREET,
      "schema/functions/quiet.sql":
        "create or replace function ratchet_private.quiet() returns trigger language plpgsql as $$ begin return new; end $$;",
      "schema/functions/word.sql": WORD,
      "schema/other/comment.sql": "comment on view ratchet.greeting is 'Says hello.';",
    });
    await migrate(database.pool, { folder });
    expect(await read("select text from ratchet.greeting")).toStrictEqual([{ text: "hello" }]);
  });

  test("looks names up nowhere but where the file says", async () => {
    await read("create table public.jobs (id int)");
    const folder = sqlFolder({
      "migrations/000001_jobs.sql": JOBS,
      "migrations/000002_more.sql": "alter table jobs add note text;",
    });
    await expect(migrate(database.pool, { folder })).rejects.toThrow('relation "jobs" does not exist');
  });
});

describe("an upgrade", () => {
  test("applies only what is new, and puts changed functions in place", async () => {
    const before = { "migrations/000001_jobs.sql": JOBS, "schema/functions/word.sql": WORD };
    await migrate(database.pool, { folder: sqlFolder(before) });

    const folder = sqlFolder({
      ...before,
      "migrations/000002_note.sql": "alter table ratchet.jobs add note text;",
      "schema/functions/word.sql": WORD.replace("hello", "goodbye"),
    });
    expect(await migrationState(database.pool, { folder })).toBe("pending");
    await expect(checkMigrated(database.pool)).rejects.toMatchObject({ code: "RT106" });

    expect(await migrate(database.pool, { folder })).toStrictEqual({
      applied: ["000002_note"],
      schemaRefreshed: true,
      missingRoles: [],
    });
    expect(await read("select ratchet_private.word() as word")).toStrictEqual([{ word: "goodbye" }]);
    expect(await read("select number, name from ratchet_private.migrations order by number")).toStrictEqual([
      { number: 1, name: "jobs" },
      { number: 2, name: "note" },
    ]);
  });

  test("without a migration still puts changed functions in place", async () => {
    await migrate(database.pool, { folder: sqlFolder({ "schema/functions/word.sql": WORD }) });
    const folder = sqlFolder({ "schema/functions/word.sql": WORD.replace("hello", "goodbye") });
    expect(await migrate(database.pool, { folder })).toStrictEqual({
      applied: [],
      schemaRefreshed: true,
      missingRoles: [],
    });
    expect(await read("select ratchet_private.word() as word")).toStrictEqual([{ word: "goodbye" }]);
  });

  test("drops the functions, views and triggers that this version no longer has, and nothing of others", async () => {
    const kept = {
      "migrations/000001_jobs.sql": `${JOBS} alter table ratchet.jobs add primary key (id);
        create table ratchet.tasks (id int references ratchet.jobs (id));`,
      "schema/views/kept.sql": "create or replace view ratchet.kept_view as select 1 as one;",
    };
    const before = sqlFolder({
      ...kept,
      "schema/functions/old.sql":
        "create or replace function ratchet_private.old() returns trigger language plpgsql as $$ begin return new; end $$;",
      "schema/functions/view_row.sql":
        "create or replace function ratchet.shown(int) returns int language sql as 'select 1';",
      "schema/views/old.sql": "create or replace view ratchet.old_view as select ratchet.shown(id) from ratchet.jobs;",
      "schema/triggers/old.sql":
        "create or replace trigger old before update on ratchet.jobs for each row execute function ratchet_private.old();",
    });
    await migrate(database.pool, { folder: before });
    await read("create function public.mine() returns int language sql as 'select 1'");

    await migrate(database.pool, { folder: sqlFolder(kept) });

    expect(
      await read("select proname from pg_proc where pronamespace::regnamespace::text like 'ratchet%'"),
    ).toStrictEqual([]);
    expect(await read("select viewname from pg_views where schemaname = 'ratchet'")).toStrictEqual([
      { viewname: "kept_view" },
    ]);
    expect(
      await read("select tgname from pg_trigger where not tgisinternal and tgrelid = 'ratchet.jobs'::regclass"),
    ).toStrictEqual([]);
    expect(await read("select public.mine() as mine")).toStrictEqual([{ mine: 1 }]);
    expect(await read("select conname from pg_constraint where conname = 'tasks_id_fkey'")).toHaveLength(1);
  });

  test("leaves an old function that somebody's own view needs, and says so", async () => {
    await migrate(database.pool, { folder: sqlFolder({ "schema/functions/word.sql": WORD }) });
    await read("create view public.mine as select ratchet_private.word() as word");
    const { log, warnings } = collectingLog();

    await migrate(database.pool, { log, folder: sqlFolder({}) });

    expect(await read("select word from public.mine")).toStrictEqual([{ word: "hello" }]);
    expect(warnings).toStrictEqual([{ command: named("drop routine ratchet_private.word()") }]);
  });
});

describe("it refuses", () => {
  test("a migration that reads differently than when it was applied (RT108)", async () => {
    await migrate(database.pool, { folder: sqlFolder({ "migrations/000001_jobs.sql": JOBS }) });
    const folder = sqlFolder({ "migrations/000001_jobs.sql": `${JOBS} -- changed` });
    await expect(migrate(database.pool, { folder })).rejects.toMatchObject({
      code: "RT108",
      message: expect.stringContaining("sql/migrations/000001_jobs.sql"),
    });
  });

  test("Windows line ends are no change", async () => {
    await migrate(database.pool, { folder: sqlFolder({ "migrations/000001_jobs.sql": `${JOBS}\n` }) });
    const folder = sqlFolder({ "migrations/000001_jobs.sql": `${JOBS}\r\n` });
    expect(await migrate(database.pool, { folder })).toStrictEqual({
      applied: [],
      schemaRefreshed: false,
      missingRoles: [],
    });
  });

  test("a database that a newer Ratchet has migrated, if this one is too old for it (RT107)", async () => {
    const files = { "migrations/000001_jobs.sql": JOBS };
    await migrate(database.pool, { folder: sqlFolder({ ...files, "migrations/000002_note.sql": "select 1;" }) });
    await read("update ratchet_private.schema_state set version = '99.1.0', oldest_program = '99.0.0'");
    const folder = sqlFolder(files);
    expect(await migrationState(database.pool, { folder })).toBe("newer");
    const error = {
      code: "RT107",
      message: expect.stringMatching(/Ratchet 99\.1\.0 .* needs 99\.0\.0 or later; this is \d.* 000002_note\./v),
    };
    await expect(migrate(database.pool, { folder })).rejects.toMatchObject(error);
    await expect(checkMigrated(database.pool, { folder })).rejects.toMatchObject(error);
  });

  test("to put an older version's functions over a newer one's, though both work on them", async () => {
    await migrate(database.pool, { folder: sqlFolder({ "schema/functions/word.sql": WORD }) });
    await read("update ratchet_private.schema_state set version = '99.10.0', hash = 'theirs'");
    const folder = sqlFolder({ "schema/functions/word.sql": WORD.replace("hello", "goodbye") });

    expect(await migrationState(database.pool, { folder })).toBe("ahead");
    await checkMigrated(database.pool, { folder });
    expect(await migrate(database.pool, { folder })).toStrictEqual({
      applied: [],
      schemaRefreshed: false,
      missingRoles: [],
    });
    expect(await read("select ratchet_private.word() as word")).toStrictEqual([{ word: "hello" }]);

    await read("update ratchet_private.schema_state set oldest_program = '99.9.0'");
    expect(await migrationState(database.pool, { folder })).toBe("newer");
    await expect(checkMigrated(database.pool, { folder })).rejects.toMatchObject({ code: "RT107" });
  });

  test("a file whose name is no migration's", async () => {
    await expect(migrate(database.pool, { folder: sqlFolder({ "migrations/1-jobs.sql": JOBS }) })).rejects.toThrow(
      "sql/migrations/1-jobs.sql",
    );
  });
});

describe("rights", () => {
  const role = `ratchet_test_role_${process.pid}`;
  let url: string;

  beforeEach(async () => {
    await read(`create role ${role} login password 'pw'`);
    const changed = new URL(database.url);
    changed.username = role;
    changed.password = "pw";
    url = changed.href;
  });
  afterEach(async () => {
    await read(`drop owned by ${role} cascade`);
    await read(`drop role ${role}`);
  });

  test("a role that may not create schemas is told the grant to make (RT103), which is enough", async () => {
    const pool = createPool({ connectionString: url, max: 2, schemas: TEST_SCHEMAS });
    const error: unknown = await migrate(pool).catch((error_: unknown) => error_);
    const name = new URL(database.url).pathname.slice(1);
    const grant = `grant create on database ${name} to ${role};`;
    expect(error).toMatchObject({
      code: "RT103",
      message: expect.stringContaining(`Role "${role}" lacks the right CREATE on database "${name}"`),
      hint: expect.stringContaining(grant),
    });
    expect(await migrationState(database.pool)).toBe("missing");

    await read(grant);
    expect((await migrate(pool)).schemaRefreshed).toBe(true);
    await pool.end();
  });

  test("a role that owns nothing is told who does", async () => {
    await migrate(database.pool, { folder: sqlFolder({}) });
    const pool = createPool({ connectionString: url, max: 2, schemas: TEST_SCHEMAS });
    await expect(migrate(pool, { folder: sqlFolder({ "migrations/000001_jobs.sql": JOBS }) })).rejects.toMatchObject({
      code: "RT103",
      message: expect.stringContaining(role),
      detail: expect.stringContaining(named("ratchet_private")),
    });
    await pool.end();
  });

  test("reading the state takes no more than select", async () => {
    const folder = sqlFolder({});
    await migrate(database.pool, { folder });
    await read(`grant usage on schema ratchet_private to ${role}`);
    await read(`grant select on ratchet_private.migrations, ratchet_private.schema_state to ${role}`);
    const pool = createPool({ connectionString: url, max: 1, schemas: TEST_SCHEMAS });
    expect(await migrationState(pool, { folder })).toBe("current");
    await pool.end();
  });
});

describe("trouble", () => {
  test("ten at once: one does the work, nine find it done", async () => {
    const pools = Array.from({ length: 10 }, () =>
      createPool({ connectionString: database.url, max: 2, schemas: TEST_SCHEMAS }),
    );
    const results = await Promise.all(pools.map((pool) => migrate(pool)));
    expect(results.filter(({ schemaRefreshed }) => schemaRefreshed)).toHaveLength(1);
    expect(results.flatMap(({ applied }) => applied)).toStrictEqual(
      expect.arrayContaining([expect.stringMatching(/^000001_/v)]),
    );
    expect(await migrationState(database.pool)).toBe("current");
    await Promise.all(pools.map((pool) => pool.end()));
  });

  test("a statement that fails undoes the whole run, and the message names file and line", async () => {
    const folder = sqlFolder({
      "migrations/000001_jobs.sql": JOBS,
      "schema/functions/broken.sql":
        "-- first line\ncreate function ratchet.broken() retruns int language sql as 'select 1';",
    });
    await expect(migrate(database.pool, { folder })).rejects.toThrow("sql/schema/functions/broken.sql:2: syntax error");
    expect(await migrationState(database.pool, { folder })).toBe("missing");
    expect(await read("select to_regclass('ratchet.jobs') as found")).toStrictEqual([{ found: null }]);
  });

  test("a run that is cut off in the middle leaves nothing, and the next one does it all", async () => {
    const folder = sqlFolder({
      "migrations/000001_jobs.sql": `${JOBS} select pg_catalog.pg_advisory_xact_lock(1, 1);`,
    });
    const holder = await database.pool.connect();
    await holder.query("select pg_advisory_lock(1, 1)");
    const outcome = migrate(database.pool, { folder }).catch((error: unknown) => error);

    const pid = await waitUntil(async () => {
      const rows = await read<{ pid: number }>(
        "select pid from pg_locks where locktype = 'advisory' and classid = 1 and objid = 1 and not granted",
      );
      return rows[0]?.pid;
    });
    await database.pool.query("select pg_terminate_backend($1)", [pid]);
    expect(await outcome).toMatchObject({ code: "RT101" });
    expect(await read("select to_regclass('ratchet.jobs') as found")).toStrictEqual([{ found: null }]);

    await holder.query("select pg_advisory_unlock(1, 1)");
    holder.release();
    expect((await migrate(database.pool, { folder })).applied).toStrictEqual(["000001_jobs"]);
  });
});
