import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { explainJob } from "../../src/database/calls/jobs.ts";
import { completeTask, retryJob, skipTask } from "../../src/database/calls/orders.ts";
import type { AnyTaskContext } from "../../src/engine/handlerContext.ts";
import { RetryLaterError, defineJob } from "../../src/index.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import {
  type TestEngine,
  advanceClock,
  existing,
  expectNoViolations,
  failuresOf,
  look,
  queue,
  startEngine,
  statusesOf,
} from "./engine.ts";

let database: TestDatabase;
let engine: TestEngine;
type Context = Pick<AnyTaskContext, "progress" | "signal" | "task">;

let work: (context: Context) => unknown;
let runs: number[];

function run(context: Context): unknown {
  runs.push(context.task.position);
  return work(context);
}

beforeAll(async () => {
  database = await createTestDatabase();
  const retry = { delay: "30 s", maxAttempts: 5 } as const;
  engine = await startEngine({
    url: database.url,
    mostTransactions: 1,
    definitions: {
      patient: defineJob().task("only", { transaction: true }, run),
      brief: defineJob({ timeout: "300 ms", retry })
        .task("first", () => "done")
        .task("second", run)
        .task("third", run),
      briefer_task: defineJob({ timeout: "1 h", retry }).task("only", { timeout: "50 ms" }, run),
      transaction: defineJob({ timeout: "300 ms", retry }).task("only", { transaction: true }, run),
      hour: defineJob({ timeout: "1 h", retry }).task("first", run).task("second", run),
      century: defineJob({ timeout: "36500 d", retry }).task("only", run),
      endless: defineJob({ retry }).task("only", run),
    },
  });
});

beforeEach(() => {
  runs = [];
  work = () => {};
});

afterAll(async () => {
  await engine.close();
  await expectNoViolations(database.pool);
  await database.drop();
});

async function timeoutAt(jobId: string): Promise<Date | null> {
  return (await look(database.pool, jobId)).timeoutAt;
}

function broken(): never {
  throw new Error("no answer");
}

describe("the time of a job", () => {
  test("counts from its first start; a job without a time-out has none", async () => {
    const jobId = await queue(database.pool, "hour");
    expect(await timeoutAt(jobId)).toBeNull();
    work = broken;
    await engine.run(jobId);
    const { startedAt, timeoutAt: end } = await look(database.pool, jobId);
    expect(existing(end ?? undefined).getTime() - existing(startedAt ?? undefined).getTime()).toBe(3_600_000);
    await advanceClock(database.pool, "31 s");
    await engine.run(jobId);
    expect(await timeoutAt(jobId)).toStrictEqual(end);
    work = () => {};
    const endless = await queue(database.pool, "endless");
    await engine.run(endless);
    expect(await look(database.pool, endless)).toMatchObject({ status: "COMPLETED", timeoutAt: null });
  });

  test("may be longer than a timer can wait", async () => {
    const jobId = await queue(database.pool, "century");
    await engine.run(jobId);
    expect(await look(database.pool, jobId)).toMatchObject({ status: "COMPLETED", timeoutAt: expect.any(Date) });
  });
});

describe("when it passes", () => {
  test.each(["brief", "transaction"])(
    "the handler that runs is told why, and the job has failed for good (%s)",
    async (identifier) => {
      const aborted = deferred<unknown>();
      const reported = deferred<(fraction: number) => void>();
      work = async ({ signal, progress }) => {
        signal.addEventListener("abort", () => {
          aborted.resolve(signal.reason);
        });
        reported.resolve(progress);
        // It ignores its signal.
        return new Promise(() => {});
      };
      const jobId = await queue(database.pool, identifier);
      await engine.run(jobId);
      expect(await aborted.promise).toMatchObject({ name: "TimeoutError", code: "RT138" });
      const job = await look(database.pool, jobId);
      expect(job).toMatchObject({ status: "FAILED", nextAttemptAt: null, finishedAt: expect.any(Date) });
      const task = existing(job.tasks.find(({ status }) => status === "FAILED"));
      expect(task).toMatchObject({
        attempts: 1,
        errorMessage: `"${task.name}" was stopped: the time-out of the job as a whole passed at ${job.timeoutAt?.toISOString()}.`,
      });
      expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "RT138", counted: true }]);
      expect(engine.events.told("task.failed").at(-1)).toMatchObject({ jobId, retryInMs: null, errorCode: "RT138" });
      (await reported.promise)(0.9);
      // Whatever the zombie has noted would be written no later than the marks of another job.
      work = () => {};
      await engine.run(await queue(database.pool, "endless"));
      expect((await look(database.pool, jobId)).tasks.every(({ progress }) => progress === null)).toBe(true);
    },
  );

  test("a task's own time-out that comes first is an ordinary failure", async () => {
    work = () => new Promise(() => {});
    const jobId = await queue(database.pool, "briefer_task");
    await engine.run(jobId);
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "RT119", counted: true }]);
    expect(await look(database.pool, jobId)).toMatchObject({ status: "FAILED", finishedAt: null });
  });

  test("while a handler blocks the process, what it returns counts, and no further task is begun", async () => {
    work = () => {
      const until = performance.now() + 400;
      while (performance.now() < until) {
        // Nothing else runs meanwhile, timers neither.
      }
    };
    const jobId = await queue(database.pool, "brief");
    await engine.run(jobId);
    expect(runs).toStrictEqual([2]);
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "COMPLETED", "FAILED"]);
    expect(await failuresOf(database.pool, jobId)).toMatchObject([
      { position: 3, code: "RT138", counted: false, message: expect.stringContaining('"third" was not begun') },
    ]);
    expect((await look(database.pool, jobId)).tasks[2]).toMatchObject({ attempts: 0 });
  });

  test("while a transaction task waits for its turn, it is not begun", async () => {
    const holding = deferred();
    const mayEnd = deferred();
    work = () => {
      holding.resolve();
      return mayEnd.promise;
    };
    const patient = engine.run(await queue(database.pool, "patient"));
    await holding.promise;
    runs = [];
    const jobId = await queue(database.pool, "transaction");
    await engine.run(jobId);
    expect(runs).toStrictEqual([]);
    expect(await look(database.pool, jobId)).toMatchObject({
      status: "FAILED",
      finishedAt: expect.any(Date),
      tasks: [{ attempts: 0, errorMessage: expect.stringContaining('"only" was not begun') }],
    });
    mayEnd.resolve();
    await patient;
  });

  test("before somebody picks the job up, its task fails without its handler, and the job for good", async () => {
    const jobId = await queue(database.pool, "hour");
    work = broken;
    await engine.run(jobId);
    await advanceClock(database.pool, "2 h");
    expect(await explainJob(database.pool, jobId)).toContain(
      "Its time-out passed 60 min ago: it fails for good as soon as a worker picks it up.",
    );
    runs = [];
    await engine.run(jobId);
    expect(runs).toStrictEqual([]);
    expect(await failuresOf(database.pool, jobId)).toMatchObject([
      { counted: true },
      { code: "RT138", counted: false, message: expect.stringContaining('"first" was not begun') },
    ]);
    expect(await look(database.pool, jobId)).toMatchObject({
      status: "FAILED",
      finishedAt: expect.any(Date),
      tasks: [{ attempts: 1 }, { status: "PENDING" }],
    });
    expect(await explainJob(database.pool, jobId)).toContain("Nothing more happens by itself.");
  });
});

describe("a retry that would come too late is not made", () => {
  test.each([
    ["by the policy", broken, "no answer. Not tried again: the wait of 30 s would end after the job's time-out."],
    [
      "asked for by the handler, uncounted",
      () => {
        throw new RetryLaterError({ message: "busy!", delay: "2 min", countAttempt: false });
      },
      "busy! Not tried again: the wait of 2 min would end after the job's time-out.",
    ],
  ])("%s", async (_, fails, message) => {
    const jobId = await queue(database.pool, "brief");
    work = fails;
    await engine.run(jobId);
    const job = await look(database.pool, jobId);
    expect(job).toMatchObject({ status: "FAILED", nextAttemptAt: null, finishedAt: expect.any(Date) });
    expect(job.tasks[1]?.errorMessage).toBe(message);
    expect(await explainJob(database.pool, jobId)).toContain(`${message} Nothing more happens by itself.`);
  });

  test("one that comes in time is, and the job says until when", async () => {
    const jobId = await queue(database.pool, "hour");
    work = broken;
    await engine.run(jobId);
    expect(await look(database.pool, jobId)).toMatchObject({ status: "FAILED", nextAttemptAt: expect.any(Date) });
    expect(await explainJob(database.pool, jobId)).toMatch(
      /If it has not ended in 60 min, its time-out, it fails for good\.$/v,
    );
  });

  test("a handler that fails by itself after the time has passed is told so", async () => {
    const jobId = await queue(database.pool, "brief");
    work = () => {
      const until = performance.now() + 400;
      while (performance.now() < until) {
        // As above.
      }
      broken();
    };
    await engine.run(jobId);
    expect((await look(database.pool, jobId)).tasks[1]?.errorMessage).toBe(
      "no answer. Not tried again: the job's time-out has passed.",
    );
  });
});

describe("an order that lets the job go on gives it its time anew", () => {
  test.each([
    ["retry", (jobId: string) => retryJob(database.pool, jobId), 2],
    ["skip", (jobId: string) => skipTask(database.pool, jobId, "second"), 3],
    ["complete", (jobId: string) => completeTask(database.pool, jobId, "second", { result: null }), 3],
  ])("%s", async (_, order, next) => {
    const jobId = await queue(database.pool, "brief");
    work = () => new Promise(() => {});
    await engine.run(jobId);
    const before = existing((await timeoutAt(jobId)) ?? undefined);
    await order(jobId);
    expect(await timeoutAt(jobId)).toBeNull();
    runs = [];
    work = () => {};
    await engine.run(jobId);
    expect(runs[0]).toBe(next);
    const job = await look(database.pool, jobId);
    expect(job.status).toBe("COMPLETED");
    expect(existing(job.timeoutAt ?? undefined).getTime()).toBeGreaterThan(before.getTime());
  });
});

test("a stop that comes first hands the job back, whose time goes on", async () => {
  const started = deferred();
  work = ({ signal }) => {
    started.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        reject(new Error("told to stop"));
      });
    });
  };
  const other = await startEngine({
    url: database.url,
    definitions: { stopped: defineJob({ timeout: "1 h" }).task("only", run) },
  });
  const jobId = await queue(database.pool, "stopped");
  const running = other.run(jobId);
  await started.promise;
  const end = await timeoutAt(jobId);
  await other.close();
  await running;
  await waitUntil(async () => (await look(database.pool, jobId)).tasks[0]?.status === "PENDING");
  expect(await timeoutAt(jobId)).toStrictEqual(end);
  expect(await failuresOf(database.pool, jobId)).toStrictEqual([]);
});
