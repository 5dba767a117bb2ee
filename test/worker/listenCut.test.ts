import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createPool } from "../../src/database/pool.ts";
import { createEventHub } from "../../src/telemetry/events.ts";
import { startQueueRun } from "../../src/worker/queueRun.ts";
import { startProxy } from "../engine/proxy.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

let database: TestDatabase;
const unhandled: unknown[] = [];
const note = (error: unknown): void => {
  unhandled.push(error);
};

beforeAll(async () => {
  process.on("unhandledRejection", note);
  database = await createTestDatabase();
});

afterAll(async () => {
  process.off("unhandledRejection", note);
  await database.drop();
});

test("a connection that is lost while a run stops and its LISTEN is not answered is given back once", async () => {
  const proxy = await startProxy(database.url);
  const pool = createPool({ connectionString: proxy.url });
  const cut = proxy.cutNext('LISTEN "jobs:insert"', "before");
  const run = await startQueueRun({
    database: pool,
    taskList: { nothing: () => {} },
    queue: {
      schema: TEST_SCHEMAS.graphileWorker,
      concurrency: 1,
      pollIntervalMs: 1000,
      crontabFile: undefined,
      shutdownGraceMs: 100,
    },
    passedOn: new Set(),
    hasPlainTasks: true,
    log: pino({ level: "silent" }),
    events: createEventHub(note),
    fetcher: {},
    signal: new AbortController().signal,
    onPool: () => Promise.resolve(),
  });
  await cut;
  await run.stop();
  await pool.end();
  await proxy.close();
  expect(unhandled).toStrictEqual([]);
});
