import { expect, test } from "vitest";

import { axisOf, placeOf, spansOf, ticksOf } from "../../../src/dashboard/view/timeline.ts";

function at(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function failure(attempt: number, from: number, to: number) {
  return { position: 1, attempt, startedAt: at(from), failedAt: at(to), errorMessage: "no" };
}

const TASK = { position: 1, status: "COMPLETED", startedAt: at(20), completedAt: at(21), attempts: 3 };

test("tries and the waits between them, in order, of this task alone", () => {
  const spans = spansOf(TASK, [failure(2, 10, 12), failure(1, 0, 1), { ...failure(1, 5, 6), position: 2 }], Number.NaN);
  expect(spans.map(({ kind, fromMs, toMs }) => [kind, fromMs / 1000, toMs / 1000])).toStrictEqual([
    ["failed", 0, 1],
    ["waiting", 1, 10],
    ["failed", 10, 12],
    ["waiting", 12, 20],
    ["completed", 20, 21],
  ]);
});

test("what runs, and what waits for its next try, goes up to now", () => {
  const running = spansOf({ ...TASK, status: "RUNNING", completedAt: null }, [], 30_000);
  expect(running).toMatchObject([{ kind: "running", fromMs: 20_000, toMs: 30_000 }]);
  const failed = spansOf({ ...TASK, status: "FAILED", completedAt: null }, [failure(1, 20, 21)], 30_000);
  expect(failed).toMatchObject([{ kind: "failed" }, { kind: "waiting", fromMs: 21_000, toMs: 30_000 }]);
});

test("a task that has not started has no bar", () => {
  expect(spansOf({ ...TASK, status: "PENDING", startedAt: null, completedAt: null }, [], 0)).toStrictEqual([]);
});

test("bars stay on the axis and are never too narrow to be seen", () => {
  const axis = { fromMs: 1000, toMs: 2000 };
  expect(placeOf({ fromMs: 1250, toMs: 1500 }, axis)).toStrictEqual({ left: 25, width: 25 });
  expect(placeOf({ fromMs: 1500, toMs: 1500 }, axis)).toStrictEqual({ left: 50, width: 0.5 });
  // Another clock than the database's.
  expect(placeOf({ fromMs: 500, toMs: 3000 }, axis)).toStrictEqual({ left: 0, width: 100 });
  expect(placeOf({ fromMs: 2500, toMs: 2600 }, axis)).toStrictEqual({ left: 99.5, width: 0.5 });
});

test("the axis goes from the adding to the end, or now; of a part of a long plan over that part", () => {
  const job = { createdAt: at(0), finishedAt: at(50), taskCount: 1, currentTask: null, tasks: { nodes: [TASK] } };
  expect(axisOf(job, 90_000)).toStrictEqual({ fromMs: 0, toMs: 50_000 });
  expect(axisOf({ ...job, finishedAt: null }, 90_000)).toStrictEqual({ fromMs: 0, toMs: 90_000 });
  const part = { ...job, finishedAt: null, taskCount: 200 };
  expect(axisOf(part, 90_000)).toStrictEqual({ fromMs: 20_000, toMs: 21_000 });
  expect(axisOf({ ...part, currentTask: TASK }, 90_000)).toStrictEqual({ fromMs: 20_000, toMs: 90_000 });
});

test.each([
  { seconds: 3.4, ticks: [0, 1, 2, 3] },
  { seconds: 4, ticks: [0, 1, 2, 3] },
  { seconds: 0.001, ticks: [0] },
  { seconds: 89, ticks: [0, 30, 60] },
  { seconds: 7200, ticks: [0, 1800, 3600, 5400] },
  { seconds: 364 * 86_400, ticks: [0, 91, 182, 273].map((days) => days * 86_400) },
])("an axis of $seconds s is divided at round lengths of time", ({ seconds, ticks }) => {
  // A part of a long plan begins anywhere.
  const axis = { fromMs: 61_234, toMs: 61_234 + seconds * 1000 };
  expect(ticksOf(axis).map((ms) => ms / 1000)).toStrictEqual(ticks);
});
