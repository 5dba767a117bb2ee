import { expect, test } from "vitest";

import { countAll } from "./counts/counts.ts";
import type { ChangeRow, Evidence, FailureRow, JobRow, TaskRow } from "./evidence.ts";
import type { LedgerEntry } from "./ledgerFile.ts";
import type { PlannedJob } from "./plans.ts";

const PLANNED: PlannedJob = {
  identifier: "chaos_steps",
  payload: { token: "job 1", steps: [{ kind: "plain", ms: 1 }], writes: [], timed: [] },
  maxAttempts: 12,
  priority: 0,
  queueName: null,
};
const JOB: JobRow = { ...PLANNED, id: "1", status: "COMPLETED", fence: 1, isFinished: true };

function task(position: number, changes: Partial<TaskRow> = {}): TaskRow {
  return {
    jobId: "1",
    position,
    status: "COMPLETED",
    fence: 1,
    attempts: 1,
    template: "step",
    input: null,
    ...changes,
  };
}

function completion(position: number, changes: Partial<ChangeRow> = {}): ChangeRow {
  const rest = { from: "RUNNING", to: "COMPLETED", oldFence: 1, newFence: 1, byOperator: false };
  return { id: position, jobId: "1", position, committedMs: position * 100, ...rest, ...changes };
}

function start(position: number, changes: Partial<LedgerEntry> = {}): LedgerEntry {
  const rest = { process: "0-1", jobId: "1", fence: 1, detail: "" };
  return { atMs: position * 100 - 50, event: "start", position, ...rest, ...changes };
}

function failure(changes: Partial<FailureRow>): FailureRow {
  return {
    jobId: "1",
    position: 1,
    fence: 1,
    counted: true,
    name: "Error",
    message: "planned",
    code: null,
    ...changes,
  };
}

/** A job of two tasks that went as it should. */
function evidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    jobs: new Map([["1", JOB]]),
    tasks: new Map([["1", [task(1), task(2)]]]),
    failures: [],
    changes: [completion(1), completion(2)],
    holders: [{ jobId: "1", oldWorker: null, newWorker: 1, newFence: 1, committedMs: 1 }],
    effects: [],
    orders: [],
    violations: [],
    entries: [start(1), start(2)],
    strikes: [],
    load: { added: new Map([["1", { jobId: "1", planned: PLANNED }]]), planned: new Map(), halfPlanned: [] },
    fleet: { kills: [], unaskedExits: [], badStops: [] },
    ...changes,
  };
}

function found(changes: Partial<Evidence>): string[] {
  return countAll(evidence(changes))
    .filter(({ findings }) => findings.length > 0)
    .map(({ name }) => name);
}

test("nothing is found where nothing is wrong", () => {
  expect(found({})).toStrictEqual([]);
});

test("an order from a task lets finished tasks run again", () => {
  const reset = completion(2, { from: "COMPLETED", to: "PENDING", newFence: 2 });
  const again = completion(2, { id: 4, oldFence: 3, newFence: 3, committedMs: 900 });

  expect(
    found({
      changes: [completion(1), completion(2), reset, again],
      entries: [start(1), start(2), start(2, { fence: 3, atMs: 850 })],
    }),
  ).toStrictEqual([]);
});

test.each<[string, Partial<Evidence>]>([
  ["jobs lost", { jobs: new Map(), tasks: new Map() }],
  ["jobs not final 60 s after the last fault", { jobs: new Map([["1", { ...JOB, isFinished: false }]]) }],
  ["finished tasks run again", { entries: [start(1), start(2), start(1, { fence: 2, atMs: 300 })] }],
  ["tasks begun twice in one claim", { entries: [start(1), start(1, { atMs: 60 }), start(2)] }],
  ["tasks of which two ends were accepted", { changes: [completion(1), completion(2), completion(2, { id: 3 })] }],
  ["stale writes accepted", { changes: [completion(1), completion(2, { oldFence: 3 })] }],
  [
    "claims that took a held job",
    { holders: [{ jobId: "1", oldWorker: 1, newWorker: 2, newFence: 2, committedMs: 1 }] },
  ],
  ["transaction effects not exactly once", { tasks: new Map([["1", [task(1), task(2, { template: "write" })]]]) }],
  ["tasks begun before the task before was durable", { entries: [start(1), start(2, { atMs: 90 })] }],
  ["plans not whole", { tasks: new Map([["1", [task(1)]]]), changes: [completion(1)], entries: [start(1)] }],
  ["rows in ratchet.violations", { violations: [{ jobId: "1", text: "two tasks at once" }] }],
  [
    "innocent jobs failed by another's death",
    {
      jobs: new Map([["1", { ...JOB, status: "FAILED" }]]),
      tasks: new Map([["1", [task(1, { status: "FAILED" }), task(2, { status: "PENDING", attempts: 0 })]]]),
      changes: [completion(1, { to: "FAILED" })],
      entries: [start(1)],
      failures: [failure({ name: "WorkerDied", message: "the worker died", code: "RT021" })],
    },
  ],
  ["failures that no plan asked for", { failures: [failure({ counted: false, message: "no connection" })] }],
  ["tries counted wrongly", { tasks: new Map([["1", [task(1), task(2, { attempts: 2 })]]]) }],
  [
    "workers that ended by themselves",
    { fleet: { kills: [], badStops: [], unaskedExits: [{ process: "0-1", atMs: 0, how: "status 1" }] } },
  ],
  [
    "workers that did not stop as told",
    { fleet: { kills: [], unaskedExits: [], badStops: [{ process: "0-1", atMs: 0, how: "status 1" }] } },
  ],
])("finds: %s", (name, changes) => {
  expect(found(changes)).toStrictEqual([name]);
});
