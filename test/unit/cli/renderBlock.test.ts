import { stripVTControlCharacters } from "node:util";

import { describe, expect, test } from "vitest";

import { createPaint } from "../../../src/cli/output/paint.ts";
import { textWidth } from "../../../src/cli/output/text.ts";
import { observe } from "../../../src/cli/progress/history.ts";
import { type BlockOptions, renderBlock } from "../../../src/cli/progress/renderBlock.ts";
import type { ProgressSnapshot } from "../../../src/cli/progress/snapshot.ts";
import { after, completed, job, SAMPLE, task } from "./fixtures.ts";

function render(snapshots: readonly ProgressSnapshot[], options: Partial<BlockOptions> = {}): string[] {
  let history = null;
  for (const snapshot of snapshots) {
    history = observe(history, snapshot, false).history;
  }
  if (history === null) {
    throw new Error("no snapshot given");
  }
  return renderBlock(history, {
    columns: 120,
    rows: 30,
    paint: createPaint(false),
    now: history.latest.now,
    ...options,
  });
}

describe("the live block", () => {
  test("shows a failed try with its error and a countdown that runs down", () => {
    const snapshots = [SAMPLE.queued, SAMPLE.failed];
    expect(render(snapshots, { now: after(660) })).toStrictEqual([
      "Job 7  publish_listing  FAILED  ████░░░░░░  2 of 5 tasks done",
      "  ✔ Validate product  COMPLETED  0.01 s",
      "  ✔ Upload image 1/3  COMPLETED  0.01 s",
      "  ✖ Upload image 2/3  FAILED     PUT /listings/J/images/2: no answer from http://127.0.0.1:1 (read ECONNRESET)",
      "  ○ Upload image 3/3  PENDING",
      "  ○ Create listing    PENDING",
      "  retry in 2.4 s",
    ]);
    expect(render(snapshots, { now: after(2060) }).at(-1)).toBe("  retry in 1.0 s");
    expect(render(snapshots, { now: after(4000) }).at(-1)).toBe("  retry is due");
  });

  test("shows after the retry which tasks were passed over, the try and the progress", () => {
    expect(render([SAMPLE.queued, SAMPLE.failed, SAMPLE.resumed])).toStrictEqual([
      "Job 7  publish_listing  RUNNING  █████░░░░░  2 of 5 tasks done",
      "  ✔ Validate product  COMPLETED  0.01 s  skipped: already COMPLETED",
      "  ✔ Upload image 1/3  COMPLETED  0.01 s  skipped: already COMPLETED",
      "  ⠹ Upload image 2/3  RUNNING    0.20 s  40 %, try 2, after: PUT /listings/J/images/2: no answer from http://127.0.0.1:…",
      "  ○ Upload image 3/3  PENDING",
      "  ○ Create listing    PENDING",
    ]);
  });

  test("says how long it will take, as long as a live worker has the job or could take it", () => {
    const header = (given: Partial<ProgressSnapshot>) => render([{ ...SAMPLE.resumed, ...given }])[0];
    const etaAt = after(15_270);
    expect(header({ etaAt, workers: { isHeld: true, isKnown: true } })).toMatch(
      / 2 of 5 tasks done, about 12 s left$/v,
    );
    expect(header({ etaAt, workers: { isHeld: false, isKnown: false } })).toMatch(/ 2 of 5 tasks done$/v);
    expect(header({ etaAt: null })).toMatch(/ 2 of 5 tasks done$/v);
  });

  test("does not spin for a task whose worker is dead", () => {
    const line = (isHeld: boolean) => render([{ ...SAMPLE.resumed, workers: { isHeld, isKnown: true } }])[3];
    expect(line(true)).toContain("⠹ Upload image 2/3");
    expect(line(false)).toContain("● Upload image 2/3");
  });

  test("ends with one sentence and the job's time", () => {
    expect(render([SAMPLE.failed, SAMPLE.completed]).at(-1)).toBe("  Job 7 COMPLETED in 3.34 s");
    const cancelled = job([task(1, "One", { status: "CANCELLED" })], {
      status: "CANCELLED",
      finishedAt: after(1000),
      cancelReason: "replaced by 8",
    });
    expect(render([cancelled]).at(-1)).toBe("  Job 7 CANCELLED in 1.00 s (replaced by 8)");
  });

  test("shows a notice, beside a countdown too", () => {
    expect(render([SAMPLE.queued], { notice: "no worker is running" }).at(-1)).toBe("  no worker is running");
    expect(render([SAMPLE.failed], { notice: "no worker is running" }).at(-1)).toBe(
      "  retry in 3.0 s; no worker is running",
    );
  });

  test("wraps a long notice, since its end says what to do", () => {
    const notice = `Job 7 has not started. ${"No worker knows it. ".repeat(4)}Start one.`;
    const lines = render([SAMPLE.queued], { notice, columns: 60 });
    expect(lines.slice(6).join(" ").replaceAll(/ +/gv, " ").trim()).toBe(notice);
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(60);
    expect(render([SAMPLE.queued], { notice, columns: 20, rows: 8 }).length).toBeLessThanOrEqual(8);
  });

  test.each([1, 7, 20, 41, 79])("never takes more than %i cells a line", (columns) => {
    const wide = job(
      [
        completed(1, "絵を送る 🚀 to the shop", 10),
        task(2, "B", { status: "FAILED", errorMessage: "長".repeat(80), attempts: 3 }),
      ],
      {
        status: "FAILED",
        nextAttemptAt: after(9000),
      },
    );
    for (const colour of [false, true]) {
      for (const line of render([wide], { columns, paint: createPaint(colour) })) {
        expect(textWidth(stripVTControlCharacters(line))).toBeLessThanOrEqual(columns);
      }
    }
  });

  test("shows of a long plan the part around the present task, within the given rows", () => {
    const tasks = Array.from({ length: 1000 }, (_, index) =>
      index < 500 ? completed(index + 1, `Task ${index + 1}`, 10) : task(index + 1, `Task ${index + 1}`),
    );
    const lines = render([job(tasks)], { rows: 16 });
    expect(lines.length).toBeLessThanOrEqual(16);
    expect(lines.join("\n")).toContain("Task 501 ");
    expect(lines[1]).toMatch(/… \d+ before/v);
    expect(lines.at(-1)).toMatch(/… \d+ after/v);
  });

  test("has no escape sequence without colours, and lets no text steer the terminal", () => {
    const evil = job([task(1, "a\u001B[2Jb\nc", { status: "FAILED", errorMessage: "x\u0007\u001B]0;title\u0007" })]);
    const text = render([evil]).join("\n");
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/v);
    expect(render([SAMPLE.failed], { paint: createPaint(true) }).join("")).toContain("\u001B[31m");
  });
});
