import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createPool } from "../../src/database/pool.ts";
import { createEventHub } from "../../src/telemetry/events.ts";
import { startQueueRun } from "../../src/worker/queueRun.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { deferred, waitUntil } from "../support/waiting.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

test("a pool fetches nothing before rescuers know that it is its worker's", async () => {
  const known = deferred();
  const asked = deferred();
  const ran = deferred();
  const steps: string[] = [];
  const pool = createPool({ connectionString: database.url });
  await database.pool.query("select graphile_worker.add_job('look')");
  const starting = startQueueRun({
    database: pool,
    taskList: {
      look: () => {
        steps.push("fetched");
        ran.resolve();
      },
    },
    queue: {
      schema: TEST_SCHEMAS.graphileWorker,
      concurrency: 2,
      pollIntervalMs: 50,
      crontabFile: undefined,
      shutdownGraceMs: 100,
    },
    passedOn: new Set(),
    hasPlainTasks: true,
    log: pino({ level: "silent" }),
    events: createEventHub((error) => {
      throw error;
    }),
    fetcher: {},
    signal: new AbortController().signal,
    onPool: () => {
      asked.resolve();
      return known.promise;
    },
  });
  await asked.promise;
  const run = await starting;
  // It listens already, and would have fetched: both at its start and when it is nudged.
  await waitUntil(
    async () =>
      (
        await database.pool.query(
          "select from pg_stat_activity where datname = current_database() and query like '%jobs:insert%' and pid <> pg_backend_pid()",
        )
      ).rows.length > 0,
    { what: "LISTEN" },
  );
  run.pool.nudge(2);
  expect((await database.pool.query("select locked_by from graphile_worker.jobs")).rows).toStrictEqual([
    { locked_by: null },
  ]);
  steps.push("known");
  known.resolve();
  await ran.promise;
  expect(steps).toStrictEqual(["known", "fetched"]);
  await run.stop();
  await pool.end();
});
