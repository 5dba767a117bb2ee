import type pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";

import { migrationState } from "../../src/database/migrationState.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { describeSchema } from "../sql/describeSchema.ts";
import { type RunningCommand, startCommand } from "../support/command.ts";
import { type TestDatabase, createEmptyDatabase, createTestDatabase } from "../support/database.ts";
import { createDatabaseOnOwnServer } from "../support/ownServer.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

let whole: string;
const databases: TestDatabase[] = [];
const commands: RunningCommand[] = [];

beforeEach(async () => {
  const complete = keep(await createTestDatabase());
  whole = await describeSchema(complete.pool);
});
afterEach(async () => {
  for (const { child, ended } of commands.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
  await Promise.all(databases.splice(0).map((database) => database.drop()));
});

function keep(database: TestDatabase): TestDatabase {
  databases.push(database);
  return database;
}

/** Stops whoever creates a trigger of this table, for 10 minutes. */
async function stopHalfWay(pool: pg.Pool, table = "tasks"): Promise<void> {
  await pool.query(`
    create schema test_stop;
    create function test_stop.wait() returns event_trigger language plpgsql as $$
      begin
        perform pg_sleep(600) from pg_event_trigger_ddl_commands() where object_identity like '%.${table}';
      end
    $$;
    create event trigger test_stop on ddl_command_end when tag in ('CREATE TRIGGER') execute function test_stop.wait();`);
}

function goOn(pool: pg.Pool): Promise<unknown> {
  return pool.query("drop event trigger test_stop; drop schema test_stop cascade");
}

/** `ratchet migrate`, and the server process that works for it and is half-way. */
async function migratingHalfWay({ url, pool }: TestDatabase): Promise<{ command: RunningCommand; pid: number }> {
  const command = startCommand(["migrate"], { DATABASE_URL: url });
  commands.push(command);
  const pid = await waitUntil(
    async () => {
      const { rows } = await pool.query<{ pid: number }>(
        "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
      );
      return rows[0]?.pid;
    },
    { what: () => `a migration half-way: ${command.errors()}` },
  );
  return { command, pid };
}

async function expectWhole(pool: pg.Pool): Promise<void> {
  expect(await migrationState(pool)).toBe("current");
  expect(await describeSchema(pool)).toBe(whole);
}

test.each([
  ["graphile-worker's migrations", "jobs"],
  ["Ratchet's", "tasks"],
])(
  "SIGKILL half-way in %s: nothing is half-written, and two others at once make it whole",
  async (_part, table) => {
    const database = keep(await createEmptyDatabase());
    await stopHalfWay(database.pool, table);
    const { command } = await migratingHalfWay(database);
    command.child.kill("SIGKILL");
    expect(await command.ended).toBe("SIGKILL");
    expect(await migrationState(database.pool)).toBe("missing");
    await goOn(database.pool);
    // The dead one's server process notices by itself, and lets go of the lock.
    const pools = [1, 2].map(() => createPool({ connectionString: database.url, max: 2, schemas: TEST_SCHEMAS }));
    const results = await Promise.all(pools.map((pool) => migrate(pool)));
    expect(results.filter(({ schemaRefreshed }) => schemaRefreshed)).toHaveLength(1);
    await expectWhole(database.pool);
    await Promise.all(pools.map((pool) => pool.end()));
  },
  120_000,
);

test("its server process ended half-way: the command says so, and the next one makes it whole", async () => {
  const database = keep(await createEmptyDatabase());
  await stopHalfWay(database.pool);
  const { command, pid } = await migratingHalfWay(database);
  await database.pool.query("select pg_terminate_backend($1)", [pid]);
  expect(await command.ended).toBe(4);
  expect(command.errors()).toContain("RT101");
  expect(await migrationState(database.pool)).toBe("missing");
  await goOn(database.pool);
  await migrate(database.pool);
  await expectWhole(database.pool);
}, 120_000);

test("a crash of Postgres in an upgrade: after its recovery the old schema works, and the next run makes it whole", async () => {
  const database = keep(await createDatabaseOnOwnServer());
  await database.pool.query("update ratchet_private.schema_state set hash = 'before', files = '{}'");
  await stopHalfWay(database.pool);
  const { command, pid } = await migratingHalfWay(database);
  // The server ends every other process, and recovers.
  process.kill(pid, "SIGKILL");
  expect(await command.ended).toBe(4);
  await waitUntil(
    () =>
      goOn(database.pool).then(
        () => true,
        () => false,
      ),
    { what: "the recovery" },
  );
  expect(await migrationState(database.pool)).toBe("pending");
  await migrate(database.pool);
  await expectWhole(database.pool);
}, 120_000);
