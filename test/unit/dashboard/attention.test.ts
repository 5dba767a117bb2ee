import { describe, expect, test } from "vitest";

import { type Situation, concernsOf } from "../../../src/dashboard/view/attention.ts";

const NOW = Date.parse("2026-11-23T10:00:00Z");
const QUIET = { identifier: "publish", waiting: 0, willRetry: 0, failedForGood: 0, oldestWaitSeconds: null };
const ALIVE = { id: 1, host: "a", beatAt: new Date(NOW - 500).toISOString(), knownVersions: ["p1"] };
const VERSIONS = [
  { identifier: "publish", version: "p0", currentSince: "2026-11-20T10:00:00Z" },
  { identifier: "publish", version: "p1", currentSince: "2026-11-21T10:00:00Z" },
];

function titles(changes: Partial<Situation>): string[] {
  return concernsOf({ stats: [QUIET], workers: [ALIVE], versions: VERSIONS, nowMs: NOW, ...changes }).map(
    ({ title }) => title,
  );
}

describe("what needs attention", () => {
  test("nothing, while nothing fails and nothing waits for long", () => {
    expect(titles({ stats: [{ ...QUIET, waiting: 3, oldestWaitSeconds: 5 }] })).toStrictEqual([]);
  });

  test("the definition with the most failures first, retries last", () => {
    expect(
      titles({
        stats: [
          { ...QUIET, identifier: "a", failedForGood: 1 },
          { ...QUIET, identifier: "b", failedForGood: 2, willRetry: 1 },
        ],
      }),
    ).toStrictEqual([
      "b: 2 jobs failed for good in the last hour",
      "a: 1 job failed for good in the last hour",
      "b: 1 job failed and will be tried again",
    ]);
  });

  test("due jobs that no worker is there for; not, if one may not know the workers", () => {
    const stats = [{ ...QUIET, waiting: 2, oldestWaitSeconds: 1 }];
    expect(titles({ stats, workers: [] })).toStrictEqual(["2 jobs are due and no worker is alive"]);
    expect(titles({ stats, workers: null })).toStrictEqual([]);
  });

  test("due jobs whose handlers no worker has", () => {
    const stats = [{ ...QUIET, waiting: 2, oldestWaitSeconds: 1 }];
    expect(titles({ stats, workers: [{ ...ALIVE, knownVersions: ["p0"] }] })).toStrictEqual([
      "2 jobs due for which no worker that is alive has handlers: publish",
    ]);
  });

  test("a worker that gives no sign of life, and what has waited for over a minute", () => {
    const silent = { ...ALIVE, id: 7, beatAt: new Date(NOW - 30_000).toISOString() };
    expect(
      titles({ stats: [{ ...QUIET, waiting: 1, oldestWaitSeconds: 120 }], workers: [ALIVE, silent] }),
    ).toStrictEqual(["Worker 7 on a was last heard of 30 s ago", "publish: 1 job due, the oldest for 2 min"]);
  });
});
