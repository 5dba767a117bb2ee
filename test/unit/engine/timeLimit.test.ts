import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { type Attempt, createAttempt } from "../../../src/engine/attempt.ts";
import { endsWithin } from "../../../src/engine/deadline.ts";
import { demandTime, setAlarm, timeLimit } from "../../../src/engine/timeLimit.ts";
import { deferred } from "../../support/waiting.ts";

const task = {
  position: 1,
  key: "u",
  template: "u",
  name: "Upload",
  status: "RUNNING",
  attempts: 0,
  input: null,
} as const;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** An attempt whose job is to end so many milliseconds from now. */
function attempt(timeoutInMs: number | null): Attempt {
  const claim = {
    jobId: "1",
    identifier: "one",
    version: "v",
    tenant: "default",
    fence: 1,
    firstPosition: 1,
    payload: {},
    plan: [task],
    maxAttempts: 5,
    createdAt: new Date(),
    isSuspect: false,
    timeoutAt: timeoutInMs === null ? null : new Date("2026-11-23T13:00:00Z"),
    timeoutInMs,
  };
  return createAttempt(claim);
}

test("a try's limit is the task's own or the job's, whichever comes first", () => {
  expect(timeLimit(attempt(null), task, null)).toBeNull();
  expect(timeLimit(attempt(500), task, 400)?.ms).toBe(400);
  expect(timeLimit(attempt(500), task, 400)?.error()).toMatchObject({
    code: "RT119",
    name: "TimeoutError",
    message: '"Upload" took longer than its time-out of 400 ms.',
  });
  for (const ownMs of [null, 500, 600]) {
    expect(timeLimit(attempt(500), task, ownMs)?.ms).toBe(500);
    expect(timeLimit(attempt(500), task, ownMs)?.error()).toMatchObject({
      code: "RT138",
      name: "TimeoutError",
      retryable: false,
      message: '"Upload" was stopped: the time-out of the job as a whole passed at 2026-11-23T13:00:00.000Z.',
    });
  }
});

test("a job's time goes on from task to task; once it has passed, none is begun", () => {
  const running = attempt(500);
  vi.advanceTimersByTime(499);
  demandTime(running, task);
  expect(timeLimit(running, task, null)?.ms).toBe(1);
  vi.advanceTimersByTime(1);
  expect(() => {
    demandTime(running, task);
  }).toThrow('"Upload" was not begun: the time-out of the job as a whole passed at 2026-11-23T13:00:00.000Z.');
  expect(() => {
    demandTime(attempt(-7), task);
  }).toThrow("was not begun");
  demandTime(attempt(null), task);
});

test("an alarm rings once, after any time, unless it is taken back", () => {
  const month = 30 * 86_400_000;
  let rings = 0;
  const ring = (): void => {
    rings++;
  };
  setAlarm(month, ring);
  vi.advanceTimersByTime(month - 1);
  expect(rings).toBe(0);
  vi.advanceTimersByTime(1);
  expect(rings).toBe(1);
  for (const ms of [0, 5, month]) {
    setAlarm(ms, ring)();
  }
  const stop = setAlarm(month, ring);
  vi.advanceTimersByTime(month - 1);
  stop();
  vi.advanceTimersByTime(month);
  expect(rings).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("a time that has passed rings at once, and Node has nothing to warn of", async () => {
  vi.useRealTimers();
  const warnings: Error[] = [];
  const note = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on("warning", note);
  const rung = deferred();
  setAlarm(-5, rung.resolve);
  await rung.promise;
  expect(await endsWithin(new Promise(() => {}), -5)).toBe(false);
  process.off("warning", note);
  expect(warnings).toStrictEqual([]);
});
