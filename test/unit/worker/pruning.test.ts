import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createEventHub } from "../../../src/telemetry/events.ts";
import { startPruning } from "../../../src/worker/pruning.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Pruning that finds these numbers of jobs, one a call, and then none. */
function startWith(...found: (number | Error)[]) {
  const pruned: number[] = [];
  const calls: number[] = [];
  const told: object[] = [];
  const events = createEventHub((error) => {
    throw error;
  });
  events.on("jobs.pruned", ({ jobs }) => {
    pruned.push(jobs);
  });
  events.on("database.troubled", (event) => {
    told.push(event);
  });
  events.on("database.recovered", (event) => {
    told.push(event);
  });
  const pruning = startPruning({
    events,
    prune: (maxJobs) => {
      calls.push(maxJobs);
      const next = found.shift() ?? 0;
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
  });
  return { pruning, pruned, calls, told };
}

test("goes on slice by slice while there is more, then begins again after five minutes", async () => {
  const { pruning, pruned, calls } = startWith(1000, 1000, 7);
  await vi.advanceTimersByTimeAsync(0);
  expect(calls).toStrictEqual([1000]);
  await vi.advanceTimersByTimeAsync(500);
  expect(pruned).toStrictEqual([1000, 1000, 7]);
  await vi.advanceTimersByTimeAsync(299_999);
  expect(calls).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toHaveLength(4);
  expect(pruned).toHaveLength(3);
  await pruning.stop();
});

test("tries again in the next round when Postgres refuses, and tells of it once", async () => {
  const refused = Object.assign(new Error("a table refers to the jobs"), { code: "23503" });
  const { pruning, pruned, told } = startWith(refused, refused, 3);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(pruned).toStrictEqual([3]);
  expect(told).toMatchObject([
    { call: "prune", errorMessage: "a table refers to the jobs", errorCode: "23503" },
    { call: "prune", durationMs: 600_000 },
  ]);
  await pruning.stop();
});

test("deletes nothing more once it is stopped, and waits for the slice under way", async () => {
  const { pruning, calls } = startWith(1000);
  const stopped = pruning.stop();
  await stopped;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(calls).toHaveLength(1);
  await pruning.stop();
});
