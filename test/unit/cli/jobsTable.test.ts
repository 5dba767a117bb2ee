import { stripVTControlCharacters } from "node:util";

import { describe, expect, test } from "vitest";

import { progressBar } from "../../../src/cli/output/bar.ts";
import { createPaint } from "../../../src/cli/output/paint.ts";
import { textWidth } from "../../../src/cli/output/text.ts";
import { formatJobs } from "../../../src/cli/jobsTable.ts";
import { listChanges } from "../../../src/cli/progress/listChanges.ts";
import { renderJobs, watchJobs } from "../../../src/cli/progress/watchJobs.ts";
import type { JobOverview } from "../../../src/database/calls/jobList.ts";
import { RatchetError } from "../../../src/errors/ratchetError.ts";
import { createTestContext } from "../../support/cli.ts";

function overview(id: number, given: Partial<JobOverview> = {}): JobOverview {
  return {
    id: String(id),
    identifier: "publish_listing",
    tenant: "default",
    status: "RUNNING",
    progress: "2/5",
    task: "Upload image 2/3",
    attempts: 0,
    errorMessage: null,
    nextAttemptAt: null,
    runAt: new Date(),
    createdAt: new Date(),
    startedAt: null,
    finishedAt: null,
    workerId: null,
    jobKey: null,
    ...given,
  };
}

const context = { paint: createPaint(false) };
const many = Array.from({ length: 20 }, (_, index) => overview(20 - index));

describe("a progress bar", () => {
  test("is full only at the end, and begun as soon as something is done", () => {
    expect([0, 0.001, 0.5, 0.999, 1].map((share) => progressBar(share, 5))).toStrictEqual([
      "░░░░░",
      "█░░░░",
      "███░░",
      "████░",
      "█████",
    ]);
  });
});

describe("the list of jobs", () => {
  test("has bars where there is room", () => {
    expect(formatJobs(context, [overview(7)], { columns: 120, barCells: 10 })[2]).toBe(
      "  7 | publish_listing | RUNNING | ████░░░░░░ 2/5 | Upload image 2/3 | 0 s",
    );
  });

  test("paints the status alone", () => {
    const line = formatJobs({ paint: createPaint(true) }, [overview(7)], { columns: 80, barCells: 0 })[2] ?? "";
    expect(line).toContain("| \u001B[36mRUNNING\u001B[39m |");
    expect(stripVTControlCharacters(line)).toBe("  7 | publish_listing | RUNNING |  2/5 | Upload image 2/3 | 0 s");
  });

  test("leaves the age out before it gets too wide", () => {
    const [title = ""] = formatJobs(context, [overview(7)], { columns: 48, barCells: 0 });
    expect(title).not.toContain("age");
    expect(title).toContain("task or error");
  });

  test.each([
    { columns: 80, rows: 24 },
    { columns: 80, rows: 9 },
    { columns: 59, rows: 6 },
    { columns: 20, rows: 3 },
    { columns: 200, rows: 2 },
  ])("live keeps to $columns columns and $rows rows", ({ columns, rows }) => {
    const wide = overview(21, { identifier: "完成".repeat(40), errorMessage: "\u001B[31mno\nanswer" });
    const lines = renderJobs(context, [wide, ...many], { columns, rows });
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(columns);
    expect(lines.join("")).not.toContain("\u001B");
  });

  test("live counts what it leaves out", () => {
    expect(renderJobs(context, many, { columns: 80, rows: 9 }).at(-2)).toBe("… 15 more");
  });

  test("live says that Postgres is away, below what was seen last", () => {
    const lines = renderJobs(context, many, { columns: 80, rows: 24 }, "Postgres cannot be reached. Trying again.");
    expect(lines).toHaveLength(23);
    expect(lines.at(-1)).toBe("Postgres cannot be reached. Trying again.");
  });
});

describe("changes of a list", () => {
  test("are new states and new jobs, oldest first, and jobs that match no longer", () => {
    const before = [overview(3), overview(2), overview(1)];
    const now = [overview(4), overview(3, { status: "COMPLETED" }), overview(1, { progress: "3/5" })];
    expect(listChanges(before, now, 20)).toStrictEqual({ changed: [now[1], now[0]], gone: ["2"] });
  });

  test("are no jobs that newer ones pushed off the page", () => {
    expect(listChanges([overview(2), overview(1)], [overview(3), overview(2)], 2).gone).toStrictEqual([]);
  });

  test("are a second failure too", () => {
    const failed = (at: number) => overview(1, { status: "FAILED", nextAttemptAt: new Date(at) });
    expect(listChanges([failed(1)], [failed(2)], 20).changed).toHaveLength(1);
  });
});

test("a list is watched through trouble with Postgres, a line a change", async () => {
  const seen = { out: "", err: "", exitCode: 0 };
  const ended = new AbortController();
  const states: (readonly JobOverview[] | Error)[] = [
    [],
    new RatchetError("RT101", "Postgres cannot be reached.", { retryable: true }),
    [overview(1)],
    [overview(1, { status: "COMPLETED", progress: "5/5", task: "" })],
  ];
  let wake = (): void => {};
  const source = {
    read: (): Promise<readonly JobOverview[]> => {
      const state = states.shift();
      if (states.length === 0) {
        ended.abort();
      }
      wake();
      return state instanceof Error ? Promise.reject(state) : Promise.resolve(state ?? []);
    },
    subscribe: (ring: () => void) => {
      wake = ring;
      return { close: () => Promise.resolve() };
    },
  };
  await watchJobs(createTestContext(seen), source, { signal: ended.signal, limit: 20, json: false });
  expect(seen.err).toBe(
    "No such job yet; waiting for one.\nPostgres cannot be reached. Trying again.\nPostgres answers again.\n",
  );
  expect(seen.out.replaceAll(/^\d\d:\d\d:\d\d /gmv, "")).toBe(
    "Job 1 publish_listing  RUNNING  2/5  Upload image 2/3\nJob 1 publish_listing  COMPLETED  5/5\n",
  );
});
