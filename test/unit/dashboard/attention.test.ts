import { describe, expect, test } from "vitest";

import { type Situation, concernsOf } from "../../../src/dashboard/view/attention.ts";

const NOW = Date.parse("2026-11-23T10:00:00Z");
const QUIET = {
  identifier: "publish",
  waiting: 0,
  willRetry: 0,
  failedForGood: 0,
  withoutWorker: 0,
  oldestWaitSeconds: null,
};
const ALIVE = { id: 1, host: "a", beatAt: new Date(NOW - 500).toISOString(), knownVersions: ["p1"] };
const VERSIONS = [
  { identifier: "publish", version: "p0" },
  { identifier: "publish", version: "p1" },
  { identifier: "mail", version: "m1" },
];

function titles(changes: Partial<Situation>): string[] {
  return concernsOf({ stats: [QUIET], workers: [ALIVE], gone: [], versions: VERSIONS, nowMs: NOW, ...changes }).map(
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

  test("a name written from right to left keeps its direction to itself", () => {
    expect(titles({ stats: [{ ...QUIET, identifier: "نشر", willRetry: 1 }] })).toStrictEqual([
      "\u2068نشر\u2069: 1 job failed and will be tried again",
    ]);
  });

  test("due jobs that no worker is there for; who may not know the workers learns that none has their handlers", () => {
    const stats = [{ ...QUIET, waiting: 2, withoutWorker: 2, oldestWaitSeconds: 1 }];
    expect(titles({ stats, workers: [] })).toStrictEqual(["2 jobs are due and no worker is alive"]);
    expect(titles({ stats, workers: null })).toStrictEqual([
      "publish: 2 jobs are due, but no live worker has handlers for them",
    ]);
  });

  test("a retry that is due and has no worker; not what waits for a program outside the queue", () => {
    expect(titles({ stats: [{ ...QUIET, willRetry: 1, withoutWorker: 1 }], workers: [] })).toStrictEqual([
      "1 job is due and no worker is alive",
      "publish: 1 job failed and will be tried again",
    ]);
    expect(titles({ stats: [{ ...QUIET, waiting: 1 }], workers: [] })).toStrictEqual([]);
  });

  test("due jobs that workers have no handlers for, apart from those of another version", () => {
    const stats = [
      { ...QUIET, waiting: 3, withoutWorker: 2, oldestWaitSeconds: 90 },
      { ...QUIET, identifier: "mail", waiting: 1, withoutWorker: 1, oldestWaitSeconds: 90 },
    ];
    expect(titles({ stats })).toStrictEqual([
      "mail: 1 job is due, but no live worker has handlers for it",
      "publish: 2 jobs were planned by another version of the definition than live workers have",
    ]);
  });

  test("a worker that gives no sign of life, and what has waited for over a minute", () => {
    const silent = { ...ALIVE, id: 7, beatAt: new Date(NOW - 30_000).toISOString() };
    expect(
      titles({ stats: [{ ...QUIET, waiting: 1, oldestWaitSeconds: 120 }], workers: [ALIVE, silent] }),
    ).toStrictEqual(["Worker 7 on a was last heard of 30 s ago", "publish: 1 job due, the oldest for 2 min"]);
  });

  test("a silent worker's jobs go on with another, if there is one", () => {
    const silent = { ...ALIVE, beatAt: new Date(NOW - 30_000).toISOString() };
    const advice = (workers: Situation["workers"]): string | undefined =>
      concernsOf({ stats: [QUIET], workers, gone: [], versions: VERSIONS, nowMs: NOW })[0]?.advice;
    expect(advice([silent, { ...ALIVE, id: 2 }])).toMatch(/Another worker lets its jobs go on/v);
    expect(advice([silent])).toMatch(/no other worker is alive\. Start one/v);
  });

  test("workers that died lately", () => {
    const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
    const stopped = { stoppedAt: ago(2), rescuedBy: null };
    const dead = [1, 14, 16].map((minutes) => ({ stoppedAt: ago(minutes), rescuedBy: 9 }));
    expect(titles({ gone: [stopped] })).toStrictEqual([]);
    expect(titles({ gone: [stopped, ...dead] })).toStrictEqual(["2 workers died in the last 15 minutes"]);
    expect(titles({ gone: dead.slice(1) })).toStrictEqual(["A worker died in the last 15 minutes"]);
  });
});
