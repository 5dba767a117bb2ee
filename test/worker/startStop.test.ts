import { expect, test } from "vitest";

import { defineJob } from "../../src/index.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { startWorker } from "../../src/worker/startWorker.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { TEST_SCHEMAS, wakeUpKey } from "../support/schemas.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();
const silent = createLogger({ level: "silent" });
const noop = defineJob().task("only", () => {});

async function connections(): Promise<number> {
  const [row] = await bench.rows<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
      where datname = current_database() and application_name like 'ratchet %'`,
  );
  return row?.count ?? -1;
}

test("a worker runs the jobs that are there and those that come", async () => {
  const early = await bench.start({ definitions: { greet: noop } });
  await early.stop();
  const before = await bench.add("greet");
  const worker = await bench.start({ definitions: { greet: noop } });
  const after = await bench.add("greet");
  expect([(await bench.ended(before)).status, (await bench.ended(after)).status]).toStrictEqual([
    "COMPLETED",
    "COMPLETED",
  ]);
  expect(worker.identifiers).toStrictEqual(["greet"]);
});

test("stop is safe twice and right after the start, closes every connection and hears nothing more", async () => {
  const worker = await bench.start({ definitions: { greet: noop } });
  const [one, two] = [worker.stop(), worker.stop()];
  expect(one).toBe(two);
  await Promise.all([one, two]);
  await waitUntil(async () => (await connections()) === 0, { what: "closed connections" });
  expect(worker.seen("worker.stopping")).toStrictEqual([{ workerId: worker.workerId, graceMs: expect.any(Number) }]);
  expect(worker.seen("worker.stopped")).toStrictEqual([{ workerId: worker.workerId, handedBack: 0 }]);
  expect(await bench.rows("select 1 from ratchet.workers where stopped_at is null")).toStrictEqual([]);
});

test("a worker that starts and stops twenty times leaves nothing behind", async () => {
  for (let round = 0; round < 20; round++) {
    const worker = await bench.start({ definitions: { greet: noop }, concurrency: 2 });
    await worker.stop();
  }
  await waitUntil(async () => (await connections()) === 0, { what: "closed connections" });
  expect(await bench.rows("select 1 from ratchet.workers where stopped_at is null")).toStrictEqual([]);
}, 120_000);

test("the running task ends within the grace and is written; the next one does not start and counts no try", async () => {
  const running = deferred();
  const go = deferred();
  const calls: string[] = [];
  const steps = defineJob()
    .task("first", async () => {
      calls.push("first");
      running.resolve();
      await go.promise;
      return { kept: true };
    })
    .task("second", () => {
      calls.push("second");
    });
  const worker = await bench.start({ definitions: { steps } });
  const jobId = await bench.add("steps");
  await running.promise;
  const stopped = worker.stop();
  go.resolve();
  await stopped;

  const job = await bench.job(jobId);
  expect(job.tasks.map(({ status, attempts }) => [status, attempts])).toStrictEqual([
    ["COMPLETED", 1],
    ["PENDING", 0],
  ]);
  expect(calls).toStrictEqual(["first"]);
  // Another worker may have it at once.
  const wakeUps = await bench.wakeUps();
  expect(wakeUps.filter(({ key }) => key === wakeUpKey(jobId))).toMatchObject([{ attempts: 0, locked_by: null }]);
  expect(worker.seen("job.handedBack")).toMatchObject([{ jobId }]);

  await bench.start({ definitions: { steps } });
  expect((await bench.ended(jobId)).status).toBe("COMPLETED");
  expect(calls).toStrictEqual(["first", "second"]);
});

test("a handler that ignores its signal is left, its job handed back, and what it returns later is not written", async () => {
  const running = deferred();
  const go = deferred();
  let calls = 0;
  const stubborn = defineJob().task("only", async () => {
    calls++;
    if (calls === 1) {
      running.resolve();
      await go.promise;
      return "too late";
    }
    return "second worker";
  });
  const worker = await bench.start({ definitions: { stubborn }, shutdownGraceMs: 50 });
  const jobId = await bench.add("stubborn");
  await running.promise;
  await worker.stop();
  expect((await bench.job(jobId)).tasks).toMatchObject([{ status: "PENDING", attempts: 0 }]);

  await bench.start({ definitions: { stubborn } });
  await bench.ended(jobId);
  go.resolve();
  const [task] = await bench.rows<{ result: unknown }>("select result from ratchet.tasks where job_id = $1", [jobId]);
  expect(task).toStrictEqual({ result: "second worker" });
  expect(calls).toBe(2);
});

test("a handler that minds its signal ends with the grace, without a failed try", async () => {
  const running = deferred();
  const polite = defineJob().task("only", async ({ signal }) => {
    running.resolve();
    await new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        reject(signal.reason as Error);
      });
    });
  });
  const worker = await bench.start({ definitions: { polite }, shutdownGraceMs: 20 });
  const jobId = await bench.add("polite");
  await running.promise;
  await worker.stop();
  expect((await bench.job(jobId)).tasks).toMatchObject([{ status: "PENDING", attempts: 0, errorMessage: null }]);
  expect(worker.seen("task.failed")).toStrictEqual([]);
});

test("wake-ups fetched at the moment of the stop are handed back, none waits for graphile-worker's back-off", async () => {
  const worker = await bench.start({ definitions: { greet: noop }, concurrency: 5 });
  const jobIds = await bench.addMany("greet", 60);
  await worker.event("job.completed");
  await worker.stop();
  const unfinished = await bench.rows<{ id: string }>(
    "select id from ratchet.jobs where finished_at is null and id = any ($1)",
    [jobIds],
  );
  const ready = await bench.rows<{ key: string }>(
    `select key from graphile_worker.jobs
      where key = any ($1) and locked_by is null and run_at <= now() and attempts = 0`,
    [unfinished.map(({ id }) => wakeUpKey(id))],
  );
  expect(ready).toHaveLength(unfinished.length);
  await bench.start({ definitions: { greet: noop } });
  await bench.allEnded(jobIds);
});

test("a start on a database that is unreachable, not migrated or of no use says so and leaves nothing open", async () => {
  const empty = await createEmptyDatabase();
  try {
    await expect(
      startWorker({ connectionString: empty.url, definitions: { greet: noop }, schemas: TEST_SCHEMAS, log: silent }),
    ).rejects.toMatchObject({ code: "RT106" });
  } finally {
    await empty.drop();
  }
  await expect(
    startWorker({
      connectionString: "postgres://nobody@127.0.0.1:1/none",
      definitions: { greet: noop },
      schemas: TEST_SCHEMAS,
      log: silent,
    }),
  ).rejects.toMatchObject({ code: "RT101" });
});

test("options that cannot work are refused before anything is opened", async () => {
  const connectionString = bench.database().url;
  await expect(startWorker({ connectionString, schemas: TEST_SCHEMAS, log: silent })).rejects.toMatchObject({
    code: "RT111",
  });
  await expect(
    startWorker({ connectionString, definitions: { greet: noop }, concurrency: 0, schemas: TEST_SCHEMAS, log: silent }),
  ).rejects.toMatchObject({ code: "RT110" });
});

test("a named queue is serial for Ratchet's jobs", async () => {
  let running = 0;
  let most = 0;
  const serial = defineJob()
    .task("one", async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    })
    .task("two", () => {
      running--;
    });
  await bench.start({ definitions: { serial }, concurrency: 10 });
  const jobIds = await Promise.all(Array.from({ length: 12 }, () => bench.add("serial", {}, { queueName: "till" })));
  await Promise.all(jobIds.map((jobId) => bench.ended(jobId)));
  expect(most).toBe(1);
});
