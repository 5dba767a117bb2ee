import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { defineJob } from "../../src/definition/defineJob.ts";
import { NonRetryableError, RetryLaterError } from "../../src/errors/handlerErrors.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import {
  advanceClock,
  countWakeUps,
  expectNoViolations,
  failuresOf,
  look,
  queue,
  startEngine,
  statusesOf,
  type TestEngine,
} from "./engine.ts";

/** What each handler of the definitions below was called with, in order. */
let calls: string[] = [];
/** How often the handler of this name fails from now on, and with what. */
const failing = new Map<string, Error[]>();

function work(name: string): () => string {
  return () => {
    calls.push(name);
    const [failure] = failing.get(name)?.splice(0, 1) ?? [];
    if (failure !== undefined) {
      throw failure;
    }
    return `${name} done`;
  };
}

const definitions = {
  three: defineJob().task("one", work("one")).task("two", work("two")).task("three", work("three")),
  patient: defineJob({ retry: { maxAttempts: 20, delay: "10 s", backoff: 2, maxDelay: "60 s" } }).task(
    "only",
    work("only"),
  ),
  twice: defineJob({ retry: { maxAttempts: 2, delay: "1 s" } })
    .task("first", work("first"))
    .task("second", work("second")),
  immediate: defineJob({ retry: { maxAttempts: 3, delay: "0 s" } }).task("now", work("now")),
};

let database: TestDatabase;
let engine: TestEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  engine = await startEngine({ url: database.url, definitions });
});

afterAll(async () => {
  await engine.close();
  await database.drop();
});

describe("a failing task", () => {
  test("is retried after 30 s by default, skips what is done and goes on where it failed", async () => {
    calls = [];
    failing.set("two", [new Error("no luck")]);
    const jobId = await queue(database.pool, "three");
    await engine.run(jobId);

    const failed = await look(database.pool, jobId);
    expect(failed.status).toBe("FAILED");
    expect(failed.finishedAt).toBeNull();
    expect((failed.nextAttemptAt?.getTime() ?? 0) - failed.now.getTime()).toBeGreaterThan(28_000);
    expect(failed.tasks.map(({ status }) => status)).toStrictEqual(["COMPLETED", "FAILED", "PENDING"]);
    expect(failed.tasks[1]?.errorMessage).toBe("no luck");

    // Too early: nothing happens, and the wake-up is not used up.
    await engine.run(jobId);
    expect(calls).toStrictEqual(["one", "two"]);
    expect(await countWakeUps(database.pool, jobId)).toBe(1);

    await advanceClock(database.pool, "31 s");
    await engine.run(jobId);
    const done = await look(database.pool, jobId);
    expect(done.status).toBe("COMPLETED");
    expect(done.nextAttemptAt).toBeNull();
    expect(done.tasks.map(({ attempts }) => attempts)).toStrictEqual([1, 2, 1]);
    expect(done.tasks[1]?.errorMessage).toBeNull();
    expect(calls).toStrictEqual(["one", "two", "two", "three"]);
    expect(engine.events.told("task.skipped").filter((event) => event.jobId === jobId)).toMatchObject([
      { task: "one", status: "COMPLETED" },
    ]);
  });

  test("waits delay * backoff^(try - 1), at most maxDelay", async () => {
    failing.set("only", [new Error("1"), new Error("2"), new Error("3"), new Error("4"), new Error("5")]);
    const jobId = await queue(database.pool, "patient");
    const waits: number[] = [];
    for (let tries = 0; tries < 5; tries++) {
      await engine.run(jobId);
      const event = engine.events.told("task.failed").findLast((told) => told.jobId === jobId);
      waits.push(Math.round((event?.retryInMs ?? 0) / 1000));
      await advanceClock(database.pool, "61 s");
    }
    expect(waits).toStrictEqual([10, 20, 40, 60, 60]);
    await engine.run(jobId);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  });

  test("counts tries for each task by itself: one that used all but one leaves the next one all of its own", async () => {
    failing.set("first", [new Error("a")]);
    failing.set("second", [new Error("b")]);
    const jobId = await queue(database.pool, "twice");
    await engine.run(jobId);
    await advanceClock(database.pool, "2 s");
    await engine.run(jobId);
    expect((await look(database.pool, jobId)).nextAttemptAt).not.toBeNull();
    await advanceClock(database.pool, "2 s");
    await engine.run(jobId);
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  });

  test("fails its job for good after maxAttempts", async () => {
    failing.set("second", [new Error("b"), new Error("c")]);
    const jobId = await queue(database.pool, "twice");
    await engine.run(jobId);
    await advanceClock(database.pool, "2 s");
    await engine.run(jobId);
    const job = await look(database.pool, jobId);
    expect(job).toMatchObject({ status: "FAILED", nextAttemptAt: null });
    expect(job.finishedAt).not.toBeNull();
    expect(engine.events.told("task.failed").findLast((told) => told.jobId === jobId)?.retryInMs).toBeNull();

    calls = [];
    await engine.run(jobId);
    expect(calls).toStrictEqual([]);
  });

  test("with a delay of 0 gets another wake-up if its own is used up while its run is still ending", async () => {
    failing.set("now", [new Error("once")]);
    const jobId = await queue(database.pool, "immediate");
    let second: Promise<void> | undefined;
    const off = engine.events.on("task.failed", (event) => {
      if (event.jobId === jobId) {
        second ??= engine.jobs.run(jobId, "immediate");
      }
    });
    await engine.run(jobId);
    await second;
    off();
    const { rows } = await database.pool.query<{ revision: number }>(
      "select revision from graphile_worker.jobs where key = 'ratchet:' || $1",
      [jobId],
    );
    // Revision 0 is from add_job, 1 from the failure.
    expect(rows).toStrictEqual([{ revision: 2 }]);
    await engine.run(jobId);
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED"]);
  });
});

test("NonRetryableError fails the job for good at the first try", async () => {
  failing.set("two", [new NonRetryableError("never")]);
  const jobId = await queue(database.pool, "three");
  await engine.run(jobId);
  const job = await look(database.pool, jobId);
  expect(job).toMatchObject({ status: "FAILED", nextAttemptAt: null });
  expect(job.tasks[1]?.errorMessage).toBe("never");
});

test("RetryLaterError sets the wait; with countAttempt false no try is used up", async () => {
  failing.set("first", [
    new RetryLaterError({ delay: "7 s", countAttempt: false }),
    new RetryLaterError({ delay: "7 s", countAttempt: false }),
    new RetryLaterError({ delay: "9 s" }),
  ]);
  const jobId = await queue(database.pool, "twice");
  const waits: number[] = [];
  for (let tries = 0; tries < 3; tries++) {
    await engine.run(jobId);
    const event = engine.events.told("task.failed").findLast((told) => told.jobId === jobId);
    waits.push(Math.round((event?.retryInMs ?? 0) / 1000));
    await advanceClock(database.pool, "10 s");
  }
  expect(waits).toStrictEqual([7, 7, 9]);
  expect((await look(database.pool, jobId)).tasks[0]?.attempts).toBe(1);
  await engine.run(jobId);
  expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  expect((await failuresOf(database.pool, jobId)).map(({ counted }) => counted)).toStrictEqual([false, false, true]);
});

test("a job's own maxAttempts and delay replace the definition's", async () => {
  failing.set("first", [new Error("a"), new Error("b")]);
  const jobId = await queue(database.pool, "twice", { maxAttempts: 3, retryDelayMs: 500 });
  await engine.run(jobId);
  expect(engine.events.told("task.failed").findLast((told) => told.jobId === jobId)?.retryInMs).toBe(500);
  await advanceClock(database.pool, "1 s");
  await engine.run(jobId);
  expect((await look(database.pool, jobId)).nextAttemptAt).not.toBeNull();
});

test("no run above has left a contradiction", async () => {
  await expectNoViolations(database.pool);
});
