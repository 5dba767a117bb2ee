import { expect, test } from "vitest";

import { endOf, niceCeiling } from "../../../src/dashboard/view/hour.ts";

test.each([
  [0, 2],
  [2, 2],
  [3, 4],
  [5, 10],
  [11, 20],
  [40, 40],
  [41, 100],
  [1234, 2000],
])("an axis for %i goes up to %i", (most, top) => {
  expect(niceCeiling(most)).toBe(top);
});

test("a bucket ends where the next one begins, the last one after as long as the others", () => {
  const buckets = ["10:00", "10:01"].map((time) => ({
    startedAt: `2026-11-23T${time}:00.000Z`,
    completed: 0,
    failedForGood: 0,
    cancelled: 0,
  }));
  expect(endOf(buckets, 0)).toBe("2026-11-23T10:01:00.000Z");
  expect(endOf(buckets, 1)).toBe("2026-11-23T10:02:00.000Z");
});
