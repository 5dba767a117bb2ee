import { fork } from "node:child_process";
import { once } from "node:events";

import { describe, expect, test } from "vitest";
import { z } from "zod";

import { cancelJob, completeTask, type OrderedJob, retryJob, skipTask } from "../../src/database/calls/orders.ts";
import type { AnyTaskContext } from "../../src/engine/handlerContext.ts";
import { defineJob } from "../../src/index.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();

type Order = (jobId: string) => Promise<OrderedJob>;

/** What is ordered about a job whose first task runs; how its tasks stand when the job has ended, and what the second one has read. */
const ORDERS: readonly (readonly [string, Order, readonly string[], readonly unknown[]])[] = [
  ["cancel", (id) => cancelJob(bench.database().pool, id), ["CANCELLED", "CANCELLED"], []],
  ["skip", (id) => skipTask(bench.database().pool, id, "deaf"), ["SKIPPED", "COMPLETED"], [null]],
  [
    "complete",
    (id) => completeTask(bench.database().pool, id, "deaf", { result: '"by hand"' }),
    ["COMPLETED", "COMPLETED"],
    ["by hand"],
  ],
];

/** A handler that does not look at its signal, and what can be told to it. */
function createDeaf() {
  const running = deferred<Pick<AnyTaskContext, "progress" | "signal">>();
  const mayEnd = deferred();
  let runs = 0;
  let ended = 0;
  const read: unknown[] = [];
  async function handler(context: Pick<AnyTaskContext, "progress" | "signal">, effect?: () => Promise<unknown>) {
    runs++;
    await effect?.();
    running.resolve(context);
    await mayEnd.promise;
    context.progress(0.9);
    await effect?.().catch(() => {});
    ended++;
    return "too late";
  }
  return { handler, running: running.promise, mayEnd, read, runs: () => runs, ended: () => ended };
}

/** Definitions of a job of two tasks, the first of which is deaf; the second reads the first one's result. */
const DEAF = {
  plain: (deaf: ReturnType<typeof createDeaf>) =>
    defineJob()
      .task("deaf", (context) => deaf.handler(context))
      .task("after", async ({ results }) => {
        deaf.read.push(await results.deaf);
      }),
  transaction: (deaf: ReturnType<typeof createDeaf>) =>
    defineJob()
      .task("deaf", { transaction: true }, (context) =>
        deaf.handler(context, () =>
          context.client.query("insert into public.effects (job_id) values ($1)", [context.job.id]),
        ),
      )
      .task("after", async ({ results }) => {
        deaf.read.push(await results.deaf);
      }),
};

describe.each(ORDERS)("an order to %s", (name, give, statuses, reads) => {
  test.each([
    ["plain", "before its worker knows"],
    ["plain", "after it was cut off"],
    ["transaction", "before its worker knows"],
    ["transaction", "after it was cut off"],
  ] as const)("lets a %s handler that ignores its signal write nothing when it ends %s", async (kind, when) => {
    await bench.rows("create table if not exists public.effects (job_id bigint)");
    const deaf = createDeaf();
    const definitions = { deaf: DEAF[kind](deaf) };
    const workers = [await bench.start({ definitions }), await bench.start({ definitions })];
    const jobId = await bench.add("deaf");
    const { signal } = await deaf.running;
    await give(jobId);
    if (when === "after it was cut off") {
      await waitUntil(() => signal.aborted, { what: "the signal" });
      await bench.ended(jobId);
    }
    deaf.mayEnd.resolve();
    await waitUntil(() => deaf.ended() === 1);
    expect((await bench.ended(jobId)).tasks.map(({ status }) => status)).toStrictEqual(statuses);
    const lost = (): unknown[] =>
      workers.flatMap(({ seen }) => seen("job.claimLost").filter((event) => event.jobId === jobId));
    await waitUntil(() => lost().length > 0, { what: "the lost claim" });
    expect(deaf.read).toStrictEqual(reads);
    for (const worker of workers) {
      await worker.stop();
    }
    expect(lost()).toHaveLength(1);
    expect(workers.map((worker) => worker.log().split('"claim lost"').length - 1).reduce((a, b) => a + b)).toBe(1);
    expect(deaf.runs()).toBe(1);
    expect(
      await bench.rows("select result, progress, attempts from ratchet.tasks where job_id = $1 and position = 1", [
        jobId,
      ]),
    ).toStrictEqual([{ result: name === "complete" ? "by hand" : null, progress: null, attempts: 0 }]);
    expect(await bench.rows("select from public.effects where job_id = $1", [jobId])).toStrictEqual([]);
    expect(await bench.rows("select from ratchet.task_failures where job_id = $1", [jobId])).toStrictEqual([]);
    expect(await bench.violations()).toStrictEqual([]);
  });
});

test("an order reaches a handler in another process", async () => {
  const child = fork(new URL("waitingWorker.ts", import.meta.url), [bench.database().url], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const heard: unknown[] = [];
  child.on("message", (message) => {
    heard.push(message);
  });
  try {
    await waitUntil(() => heard.includes("started"), { what: "the worker" });
    for (const give of [
      (id: string) => cancelJob(bench.database().pool, id),
      (id: string) => skipTask(bench.database().pool, id, "wait"),
      (id: string) => completeTask(bench.database().pool, id, "wait", { result: null }),
    ]) {
      heard.length = 0;
      const jobId = await bench.add("waiting");
      await waitUntil(() => heard.includes("running"), { what: "the handler" });
      await give(jobId);
      await waitUntil(() => heard.length === 2, { what: "the signal" });
      expect(heard[1]).toStrictEqual({ name: "LetGo", kind: "lost" });
      await bench.ended(jobId);
    }
    expect(await bench.violations()).toStrictEqual([]);
  } finally {
    const ended = once(child, "exit");
    child.send("stop");
    await ended;
  }
});

test("a task that is skipped in advance is not begun, and the handler before it is not disturbed", async () => {
  const running = deferred<AbortSignal>();
  const mayEnd = deferred();
  const calls: string[] = [];
  const advance = defineJob()
    .task("one", async ({ signal }) => {
      running.resolve(signal);
      await mayEnd.promise;
      calls.push("one");
      return 1;
    })
    .task("two", () => calls.push("two"))
    .task("three", async ({ results }) => [await results.one, await results.two]);
  const worker = await bench.start({ definitions: { advance } });
  const jobId = await bench.add("advance");
  const signal = await running.promise;
  await skipTask(bench.database().pool, jobId, "two", "not needed");
  // Two looks at the claims, in which it could be told to stop.
  const beats = () =>
    bench.rows<{ beat_at: Date }>("select beat_at from ratchet.workers where id = $1", [worker.workerId]);
  const [first] = await beats();
  await waitUntil(async () => ((await beats())[0]?.beat_at.getTime() ?? 0) > (first?.beat_at.getTime() ?? 0) + 1000);
  expect(signal.aborted).toBe(false);
  mayEnd.resolve();
  expect(await bench.ended(jobId)).toMatchObject({
    status: "COMPLETED",
    tasks: [{ status: "COMPLETED" }, { status: "SKIPPED" }, { status: "COMPLETED" }],
  });
  expect(calls).toStrictEqual(["one"]);
  expect(
    await bench.rows("select result from ratchet.tasks where job_id = $1 and position = 3", [jobId]),
  ).toStrictEqual([{ result: [1, null] }]);
  expect(worker.seen("job.claimLost")).toStrictEqual([]);
  expect(await bench.violations()).toStrictEqual([]);
});

test("what a later handler reads of a forEach has null in the place of what was skipped", async () => {
  const fails = (): never => {
    throw new Error("no such image");
  };
  const listed = defineJob({ payload: z.object({ parts: z.array(z.string()) }), retry: { maxAttempts: 1 } })
    .forEach("part", "parts", ({ input }) => (input === "bad" ? fails() : input))
    .task("list", ({ results }) => results.part);
  await bench.start({ definitions: { listed } });
  const jobId = await bench.add("listed", { parts: ["a", "bad", "c"] });
  await bench.ended(jobId);
  await skipTask(bench.database().pool, jobId, "part[2]");
  await bench.ended(jobId);
  expect(
    await bench.rows("select result from ratchet.tasks where job_id = $1 and position = 4", [jobId]),
  ).toStrictEqual([{ result: ["a", null, "c"] }]);
});

test.each([null, "deaf"])("a job that is tried again while its old handler runs (from task: %s)", async (fromTask) => {
  const deaf = createDeaf();
  const again = deferred();
  let tries = 0;
  const definition = defineJob().task("deaf", async (context) => {
    if (++tries === 1) {
      return deaf.handler(context);
    }
    again.resolve();
    return "second";
  });
  const definitions = { deaf: definition };
  const workers = [await bench.start({ definitions }), await bench.start({ definitions })];
  const jobId = await bench.add("deaf");
  await deaf.running;
  await cancelJob(bench.database().pool, jobId);
  await bench.rows("update ratchet.tasks set deaths = 2 where job_id = $1", [jobId]);
  await retryJob(bench.database().pool, jobId, { fromTask: fromTask ?? undefined });
  await again.promise;
  await bench.ended(jobId);
  deaf.mayEnd.resolve();
  await waitUntil(() => deaf.ended() === 1);
  for (const worker of workers) {
    await worker.stop();
  }
  expect(
    await bench.rows("select result, attempts, deaths from ratchet.tasks where job_id = $1", [jobId]),
  ).toStrictEqual([{ result: "second", attempts: 1, deaths: 0 }]);
  expect(await bench.violations()).toStrictEqual([]);
});
