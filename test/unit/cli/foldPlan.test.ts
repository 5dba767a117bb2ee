import { expect, test } from "vitest";

import { foldPlan } from "../../../src/cli/foldPlan.ts";
import type { ProgressTask } from "../../../src/cli/progress/snapshot.ts";
import { completed, task } from "./fixtures.ts";

function plan(length: number, present: number, changes: Readonly<Record<number, Partial<ProgressTask>>> = {}) {
  return Array.from({ length }, (_, index) => {
    const position = index + 1;
    const name = `Task ${position}`;
    const one = position < present ? completed(position, name, 10) : task(position, name);
    return { ...one, ...changes[position] };
  });
}

function skipped(length: number): ProgressTask[] {
  return range(1, length).map((position) => task(position, `Task ${position}`, { status: "SKIPPED" }));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function lines(tasks: readonly ProgressTask[]): (number | string)[] {
  return foldPlan(tasks).map((line) => ("summary" in line ? line.summary : line.position));
}

test("a plan of up to 60 tasks is shown whole", () => {
  expect(lines(plan(60, 30))).toHaveLength(60);
});

test("of a long one the ends and the tasks around the present one are shown, and the others counted", () => {
  expect(lines(plan(10_000, 5000))).toStrictEqual([
    ...range(1, 3),
    "4991 COMPLETED",
    ...range(4995, 5005),
    "4992 PENDING",
    ...range(9998, 10_000),
  ]);
});

test("what failed, needed several tries or was not run is shown wherever it stands, twenty of them at most", () => {
  const changes = {
    10: { status: "SKIPPED" },
    12: { attempts: 2 },
    20: { status: "FAILED", errorMessage: "no" },
    40: { status: "CANCELLED", startedAt: new Date() },
  } as const;
  expect(lines(plan(100, 101, changes))).toStrictEqual([
    ...range(1, 3),
    "6 COMPLETED",
    ...range(10, 12),
    "2 COMPLETED",
    ...range(15, 25),
    "14 COMPLETED",
    40,
    "57 COMPLETED",
    ...range(98, 100),
  ]);
  expect(lines(skipped(100))).toStrictEqual([...range(1, 20), "77 SKIPPED", ...range(98, 100)]);
});

test("a line for different ends says how many there are of each", () => {
  const mixed = [...skipped(50), ...plan(50, 51)];
  expect(lines(mixed)).toContain("30 SKIPPED, 47 COMPLETED");
});
