import { afterAll, beforeAll, expect, test } from "vitest";

import { createLogger } from "../../src/telemetry/logger.ts";
import { startWorker } from "../../src/worker/startWorker.ts";
import { type StatementCounter, createStatementCounter, five } from "../engine/statementCounter.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

const JOBS = 2000;

let counter: StatementCounter;

beforeAll(async () => {
  counter = await createStatementCounter();
});

afterAll(() => counter.database.drop());

// What comes by the clock, signs of life and announcements, is not among it: a slow machine has more of that.
test("in a flood, 400 jobs at once, a job costs less than a quarter of a statement, fetch and completion included", async () => {
  const { pool, url } = counter.database;
  const start = () =>
    startWorker({
      connectionString: url,
      schemas: TEST_SCHEMAS,
      definitions: { five },
      concurrency: 400,
      log: createLogger({ level: "silent" }),
    });
  // Registers the definition.
  await (await start()).stop();
  await pool.query(
    `select from ratchet.add_jobs((
       select jsonb_agg(jsonb_build_object('identifier', 'five')) from generate_series(1, $1::integer)))`,
    [JOBS],
  );
  await counter.count(async () => {
    const worker = await start();
    await waitUntil(
      async () => (await pool.query("select from ratchet.jobs where finished_at is null limit 1")).rowCount === 0,
    );
    await worker.stop();
  });
  const sent = {
    fetches: await counter.sent("jobs.job_queue_id"),
    claims: await counter.sent("claim_jobs"),
    checkpoints: await counter.sent("checkpoint("),
    completions: await counter.sent("delete from"),
  };
  expect(Object.values(sent).filter((times) => times === 0)).toStrictEqual([]);
  const total = Object.values(sent).reduce((sum, times) => sum + times, 0);
  expect(total).toBeLessThan(JOBS / 4);
  // Where all wake-ups are our own, graphile-worker's rows come without what nobody reads.
  expect(await counter.sent("returning jobs.id, jobs.job_queue_id, jobs.task_id")).toBe(sent.fetches);
  // A NOTIFY in the engine's own transactions would make all commits queue up.
  expect(await counter.ranInside("pg_notify")).toBe(await counter.sent("announce("));
});
