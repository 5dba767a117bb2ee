import { expect, test } from "vitest";

import { cancelJob, retryJob } from "../../src/database/calls/orders.ts";
import { defineJob } from "../../src/index.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();

/** A definition whose first run waits until its signal is aborted; later ones end at once. */
function createWaiting() {
  const running = deferred();
  const aborted = deferred<unknown>();
  let runs = 0;
  const waiting = defineJob()
    .task("before", () => {})
    .task("wait", async ({ signal }) => {
      runs++;
      if (runs > 1) {
        return;
      }
      running.resolve();
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve, { once: true });
      });
      aborted.resolve(signal.reason);
    })
    .task("after", () => {});
  return { waiting, running: running.promise, aborted: aborted.promise, runs: () => runs };
}

/** Waits until a job's second task is seen RUNNING: from then on its worker writes nothing that could be refused. */
async function untilMarked(jobId: string): Promise<void> {
  await waitUntil(async () => (await bench.job(jobId)).tasks[1]?.status === "RUNNING", { what: "the RUNNING mark" });
}

test("a cancel reaches the handler that runs through its signal, and nothing more of the job runs", async () => {
  const { waiting, running, aborted } = createWaiting();
  const worker = await bench.start({ definitions: { waiting } });
  const jobId = await bench.add("waiting");
  await running;
  await untilMarked(jobId);
  expect(await cancelJob(bench.database().pool, jobId, "wrong listing")).toStrictEqual({
    id: jobId,
    status: "CANCELLED",
  });
  expect(await aborted).toMatchObject({ name: "LetGo", kind: "lost" });
  await worker.event("job.claimLost", (event) => event.jobId === jobId);
  expect((await bench.job(jobId)).tasks.map(({ status }) => status)).toStrictEqual([
    "COMPLETED",
    "CANCELLED",
    "CANCELLED",
  ]);
  expect(await bench.rows("select from ratchet.task_failures where job_id = $1", [jobId])).toStrictEqual([]);
  expect(await bench.violations()).toStrictEqual([]);
  await waitUntil(async () => (await bench.wakeUps()).every(({ attempts, max_attempts: most }) => attempts >= most), {
    what: "no wake-up that could be fetched",
  });
});

test("a job that is cancelled and retried at once runs again, and its first run writes nothing", async () => {
  const { waiting, running, aborted, runs } = createWaiting();
  await bench.start({ definitions: { waiting } });
  const jobId = await bench.add("waiting");
  await running;
  await untilMarked(jobId);
  await cancelJob(bench.database().pool, jobId);
  expect(await retryJob(bench.database().pool, jobId)).toStrictEqual({ id: jobId, status: "RUNNING" });
  await aborted;
  expect(await bench.ended(jobId)).toMatchObject({ status: "COMPLETED" });
  expect(runs()).toBe(2);
  expect(await bench.violations()).toStrictEqual([]);
});

test("a job that is cancelled by hand, or deleted, lets its handler know as well", async () => {
  for (const change of [
    "update ratchet.tasks set status = 'CANCELLED' where job_id = $1 and status in ('PENDING', 'RUNNING')",
    "delete from ratchet.jobs where id = $1",
  ]) {
    const { waiting, running, aborted } = createWaiting();
    const worker = await bench.start({ definitions: { waiting } });
    const jobId = await bench.add("waiting");
    await running;
    await untilMarked(jobId);
    await bench.rows(change, [jobId]);
    expect(await aborted).toMatchObject({ kind: "lost" });
    await worker.stop();
  }
});

test("a job that goes on undisturbed is not told to stop by the beat", async () => {
  const running = deferred();
  const go = deferred();
  let wasAborted = false;
  const calm = defineJob().task("only", async ({ signal }) => {
    running.resolve();
    await go.promise;
    wasAborted = signal.aborted;
  });
  const worker = await bench.start({ definitions: { calm } });
  const jobId = await bench.add("calm");
  await running.promise;
  // A later task of another job, and a change of this one's plan that leaves its running task alone, take nothing away.
  const beats = (): Promise<{ beat_at: Date }[]> =>
    bench.rows<{ beat_at: Date }>("select beat_at from ratchet.workers where id = $1", [worker.workerId]);
  const [first] = await beats();
  await waitUntil(async () => ((await beats())[0]?.beat_at.getTime() ?? 0) > (first?.beat_at.getTime() ?? 0) + 900, {
    what: "another beat",
  });
  go.resolve();
  expect(await bench.ended(jobId)).toMatchObject({ status: "COMPLETED" });
  expect(wasAborted).toBe(false);
});

test("a worker deletes finished jobs when their time has come", async () => {
  const brief = defineJob({ retention: { completed: "1 h" } }).task("only", () => {});
  const first = await bench.start({ definitions: { brief } });
  const [old, young] = [await bench.add("brief"), await bench.add("brief")];
  await Promise.all([bench.ended(old), bench.ended(young)]);
  await first.stop();
  await bench.rows("update ratchet.jobs set finished_at = finished_at - interval '61 min' where id = $1", [old]);
  const worker = await bench.start({ definitions: { brief } });
  expect(await worker.event("jobs.pruned")).toStrictEqual({ jobs: 1 });
  expect(await bench.rows("select id from ratchet.jobs where id = any ($1)", [[old, young]])).toStrictEqual([
    { id: young },
  ]);
});
