import { expect, test } from "vitest";

import { slicesOf, sumOf } from "../../../src/dashboard/view/hour.ts";

const NONE = { completed: 0, failedForGood: 0, cancelled: 0 };

test("ends of ever longer times become ends of each five minutes, oldest first", () => {
  const slices = slicesOf([
    { ...NONE, completed: 2 },
    { ...NONE, completed: 2, failedForGood: 1 },
    { completed: 7, failedForGood: 1, cancelled: 3 },
  ]);
  expect(slices).toStrictEqual([
    { fromMinutes: 15, completed: 5, failedForGood: 0, cancelled: 3 },
    { fromMinutes: 10, completed: 0, failedForGood: 1, cancelled: 0 },
    { fromMinutes: 5, completed: 2, failedForGood: 0, cancelled: 0 },
  ]);
});

test("a count that came out smaller, because the clock went on, is none", () => {
  expect(
    slicesOf([
      { ...NONE, completed: 2 },
      { ...NONE, completed: 1 },
    ])[0],
  ).toMatchObject({ completed: 0 });
});

test("definitions are added up", () => {
  expect(
    sumOf([
      { ...NONE, completed: 1 },
      { completed: 2, failedForGood: 3, cancelled: 4 },
    ]),
  ).toStrictEqual({
    completed: 3,
    failedForGood: 3,
    cancelled: 4,
  });
});
