import { describe, expect, test } from "vitest";

import { type History, observe } from "../../../src/cli/progress/history.ts";
import { plainLines } from "../../../src/cli/progress/plainLines.ts";
import type { ProgressSnapshot } from "../../../src/cli/progress/snapshot.ts";
import { after, completed, job, SAMPLE, task } from "./fixtures.ts";

/** The lines for a row of snapshots, without the time of day (which depends on the machine's zone). */
function follow(snapshots: readonly ProgressSnapshot[], resuming = false): string[] {
  const lines: string[] = [];
  let history: History | null = null;
  for (const snapshot of snapshots) {
    const step = observe(history, snapshot, resuming);
    history = step.history;
    lines.push(...step.changes.flatMap((change) => plainLines(change, snapshot)));
  }
  expect(lines.every((line) => /^\d\d:\d\d:\d\d /v.test(line))).toBe(true);
  return lines.map((line) => line.slice(9));
}

const FAILED_AT_2 =
  "[3/5] Upload image 2/3  FAILED  PUT /listings/J/images/2: no answer from http://127.0.0.1:1 (read ECONNRESET)";

describe("plain lines", () => {
  test("tell the sample: fails, waits, skips what is done, resumes, completes", () => {
    expect(follow([SAMPLE.queued, SAMPLE.failed, SAMPLE.resumed, SAMPLE.completed])).toStrictEqual([
      "Job 7, publish_listing: PENDING, 5 tasks",
      "[1/5] Validate product  COMPLETED  0.01 s",
      "[2/5] Upload image 1/3  COMPLETED  0.01 s",
      FAILED_AT_2,
      "retry in 3 s",
      `[1/5] Validate product  skipped: already COMPLETED at ${clock(20)}`,
      `[2/5] Upload image 1/3  skipped: already COMPLETED at ${clock(40)}`,
      "[3/5] Upload image 2/3  RUNNING  try 2",
      "[3/5] Upload image 2/3  COMPLETED  0.01 s  try 2",
      "[4/5] Upload image 3/3  COMPLETED  0.01 s",
      "[5/5] Create listing    COMPLETED  0.01 s",
      "Job 7 COMPLETED in 3.34 s",
    ]);
  });

  test("repeat nothing while nothing changes, and lose nothing when states collapse", () => {
    const lines = follow([
      SAMPLE.queued,
      SAMPLE.queued,
      SAMPLE.failed,
      SAMPLE.failed,
      SAMPLE.completed,
      SAMPLE.completed,
    ]);
    expect(lines.filter((line) => line === "retry in 3 s")).toHaveLength(1);
    expect(lines.filter((line) => line.includes("skipped"))).toHaveLength(2);
    expect(lines.filter((line) => line.includes("Job 7 COMPLETED"))).toHaveLength(1);
  });

  test("of a job found half done say what is passed over once it moves", () => {
    const left = job([completed(1, "A", 10), task(2, "B", { status: "RUNNING", startedAt: after(20) }), task(3, "C")]);
    const again = job([
      completed(1, "A", 10),
      task(2, "B", { status: "RUNNING", startedAt: after(9000) }),
      task(3, "C"),
    ]);
    expect(follow([left, left, again], true)).toStrictEqual([
      "Job 7, publish_listing: RUNNING, 3 tasks, 1 done already",
      `[1/3] A  skipped: already COMPLETED at ${clock(10)}`,
      "[2/3] B  RUNNING",
    ]);
  });

  test("lines of a resumption have the time of the task that moved first", () => {
    const later = { ...SAMPLE.completed, now: after(60_000) };
    const { history } = observe(null, SAMPLE.failed, false);
    const { changes } = observe(history, later, false);
    const resumed = changes.find(({ kind }) => kind === "resumed");
    expect(resumed).toMatchObject({ at: after(3290) });
    expect(changes.flatMap((change) => plainLines(change, later))[0]?.slice(0, 8)).toBe(clock(3290));
  });

  test("one task is no tasks", () => {
    expect(follow([job([task(1, "Only")], { status: "PENDING" })])[0]).toBe("Job 7, publish_listing: PENDING, 1 task");
  });

  test("a second failure is a line and a wait of its own", () => {
    const again = job(
      SAMPLE.failed.tasks.map((each) => (each.position === 3 ? { ...each, attempts: 2, errorMessage: "busy" } : each)),
      { status: "FAILED", nextAttemptAt: after(9000), now: after(6000) },
    );
    const lines = follow([SAMPLE.queued, SAMPLE.failed, again]);
    expect(lines.slice(-2)).toStrictEqual(["[3/5] Upload image 2/3  FAILED  try 2  busy", "retry in 3 s"]);
  });

  test("thousands of skipped tasks take one line", () => {
    const done = Array.from({ length: 500 }, (_, index) => completed(index + 1, `T${index + 1}`, 10));
    const waiting = job([...done, task(501, "Last", { status: "FAILED", attempts: 1 })], {
      status: "FAILED",
      nextAttemptAt: after(10),
    });
    const ended = job([...done, completed(501, "Last", 99, 2)], { status: "COMPLETED", finishedAt: after(99) });
    expect(follow([waiting, ended]).filter((line) => line.includes("skipped"))).toStrictEqual([
      "500 tasks skipped: already COMPLETED",
    ]);
  });
});

function clock(elapsedMs: number): string {
  const at = after(elapsedMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
