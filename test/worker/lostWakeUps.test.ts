import { expect, test } from "vitest";

import { defineJob } from "../../src/index.ts";
import { waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();

const JOBS = 200;

/** A linear congruential generator, so that a failure can be repeated. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

// A named queue stays locked by the pool that runs a row when that row is deleted meanwhile: docs/reliability.md.
const HIT = "id = any ($1) and (job_queue_id is null or locked_at is null)";

/** What can happen to a wake-up behind Ratchet's back. */
const LOSSES: readonly string[] = [
  // By hand, or by the completion of a stale worker, which knows it by its id alone.
  `delete from graphile_worker._private_jobs where ${HIT}`,
  "update graphile_worker._private_jobs set attempts = max_attempts where id = any ($1)",
  // graphile-worker's sweep every four hours unlocks what live workers hold.
  `update graphile_worker._private_jobs set locked_at = null, locked_by = null where ${HIT}`,
  "select graphile_worker.remove_job(key) from graphile_worker.jobs where id = any ($1) and key is not null",
  // Fetched by a process that died before it could say so.
  "update graphile_worker._private_jobs set locked_at = now() - interval '4 s', locked_by = 'pool-dead' where id = any ($1)",
];

test("whatever happens to wake-ups while two workers run, every job ends, each task once; and nothing is ever contradictory", async () => {
  const random = createRandom(20_261_123);
  const runs = new Map<string, number>();
  const count = (jobId: string, task: string): void => {
    runs.set(`${jobId} ${task}`, (runs.get(`${jobId} ${task}`) ?? 0) + 1);
  };
  const moving = defineJob({ retry: { delay: "50 ms" } })
    .task("first", ({ job }) => {
      count(job.id, "first");
    })
    .task("flaky", ({ job, task }) => {
      if (task.attempt === 1) {
        throw new Error("not yet");
      }
      count(job.id, "flaky");
    })
    .task("last", ({ job }) => {
      count(job.id, "last");
    });
  const workers = [
    await bench.start({ definitions: { moving }, concurrency: 5 }, "silent"),
    await bench.start({ definitions: { moving }, concurrency: 5 }, "silent"),
  ];
  // No more at once than there are connections: a job that waits for one gives up after ten seconds.
  const added = Array.from({ length: 10 }, async (_, lane) => {
    for (let n = lane; n < JOBS; n += 10) {
      await bench.add("moving", {}, n % 4 === 0 ? { queueName: `queue ${n % 3}` } : {});
    }
  });

  const unfinished = async (): Promise<number> => {
    const [row] = await bench.rows<{ count: number }>(
      "select count(*)::integer as count from ratchet.jobs where finished_at is null",
    );
    return row?.count ?? 0;
  };
  const spoil = async (): Promise<void> => {
    const rows = await bench.wakeUps();
    const hit = rows.filter(() => random() < 0.2).map(({ id }) => id);
    await bench.rows(LOSSES[Math.floor(random() * LOSSES.length)] ?? "", [hit]);
  };
  await Promise.all(added);
  const violations: unknown[] = [];
  for (let round = 0; round < 60 && (await unfinished()) > JOBS / 4; round++) {
    await spoil();
    violations.push(...(await bench.violations()));
  }
  await waitUntil(async () => (await unfinished()) === 0, { what: "the end of every job" });

  expect(violations).toStrictEqual([]);
  expect(await bench.violations()).toStrictEqual([]);
  expect(await bench.rows("select status, count(*)::integer from ratchet.jobs group by 1")).toStrictEqual([
    { status: "COMPLETED", count: JOBS },
  ]);
  expect([...runs.values()].filter((times) => times !== 1)).toStrictEqual([]);
  expect(runs.size).toBe(3 * JOBS);
  expect(workers.flatMap((worker) => worker.seen("sweep.mended")).length).toBeGreaterThan(0);
}, 120_000);
