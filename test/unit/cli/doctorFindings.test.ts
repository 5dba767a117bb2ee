import { describe, expect, test } from "vitest";

import { type Finding, worstOf } from "../../../src/cli/doctor/finding.ts";
import {
  clockFinding,
  migrationsFinding,
  poolerFinding,
  programsFinding,
  rightsFinding,
  serverFindings,
} from "../../../src/cli/doctor/serverFindings.ts";
import {
  definitionsFindings,
  queueFindings,
  violationsFindings,
  workersFindings,
} from "../../../src/cli/doctor/workFindings.ts";
import type { DefinitionOverview } from "../../../src/database/calls/definitionList.ts";
import type { QueueFacts, ServerFacts } from "../../../src/database/calls/diagnosis.ts";
import type { WorkerOverview } from "../../../src/database/calls/workers.ts";
import { after } from "./fixtures.ts";

const SERVER: ServerFacts = {
  version: "18.4",
  encoding: "utf8",
  database: "shop",
  role: "app",
  isStandby: false,
  isUnsafe: false,
  connections: 5,
  maxConnections: 100,
  now: after(0),
};

const worker = (given: Partial<WorkerOverview> = {}): WorkerOverview => ({
  id: 1,
  host: "box",
  pid: 77,
  version: "0.1.0",
  state: "alive",
  concurrency: 10,
  jobs: 2,
  identifiers: ["mail"],
  startedAt: after(0),
  beatAt: after(0),
  stoppedAt: null,
  now: after(40_000),
  ...given,
});

const definition = (given: Partial<DefinitionOverview> = {}): DefinitionOverview => ({
  identifier: "mail",
  version: "v2",
  isCurrent: true,
  templates: [],
  payloadSchema: null,
  maxAttempts: 5,
  retryDelayMs: 30_000,
  timeoutMs: null,
  unfinishedJobs: 0,
  willRetryJobs: 0,
  failedJobs: 0,
  liveWorkers: 1,
  registeredAt: after(0),
  ...given,
});

const QUEUE: QueueFacts = {
  spentWakeUps: 0,
  failedPlainJobs: [],
  overdueJobs: 0,
  oldestDueMs: null,
  unwokenJobs: [],
  clockShiftMs: 0,
};

/** `level message` of each finding; every one that is not ok must say what to do. */
function linesOf(findings: readonly Finding[]): string[] {
  for (const { level, advice } of findings) {
    expect(advice === undefined).toBe(level === "ok");
  }
  return findings.map(({ level, message }) => `${level} ${message}`);
}

describe("programs and server", () => {
  const programs = (node: string) => programsFinding({ node, ratchet: "0.1.0", graphileWorker: "0.18.0" }).level;

  test("Node counts from 22.18 on", () => {
    expect(["22.17.9", "20.19.0", "22.18.0", "24.0.0", "26.10.0"].map(programs)).toStrictEqual([
      "problem",
      "problem",
      "ok",
      "ok",
      "ok",
    ]);
  });

  test("a sound server is one line", () => {
    expect(linesOf(serverFindings(SERVER, "db:5432"))).toStrictEqual([
      'ok Postgres 18.4 (utf8) at db:5432, database "shop", role "app".',
    ]);
  });

  test("a standby, an unsafe server and a full one are told", () => {
    const findings = serverFindings({ ...SERVER, isStandby: true, isUnsafe: true, connections: 95 }, "db:5432");
    expect(findings.map(({ check, level }) => `${check} ${level}`)).toStrictEqual([
      "connection ok",
      "standby problem",
      "durability warning",
      "connections warning",
    ]);
    linesOf(findings);
  });

  test("clocks may be two seconds apart", () => {
    expect(linesOf([clockFinding(1_900), clockFinding(90_000), clockFinding(-90_000)])).toStrictEqual([
      "ok This machine's clock and the database's are 1.90 s apart.",
      "warning This machine's clock is 1 min 30 s ahead of the database's, which Ratchet goes by.",
      "warning This machine's clock is 1 min 30 s behind the database's, which Ratchet goes by.",
    ]);
  });

  test("only a pooler in transaction mode is a problem", () => {
    const kinds = ["direct", "session pooler", "transaction pooler"] as const;
    expect(kinds.map((kind) => poolerFinding(kind).level)).toStrictEqual(["ok", "ok", "problem"]);
    linesOf(kinds.map(poolerFinding));
  });

  test("only the current schema is no problem", () => {
    const states = ["current", "pending", "missing", "newer"] as const;
    expect(linesOf(states.map(migrationsFinding)).map((line) => line.split(" ", 1)[0])).toStrictEqual([
      "ok",
      "problem",
      "problem",
      "problem",
    ]);
  });

  test("rights that are missing are named, a few of them", () => {
    const missing = ["a", "b", "c", "d", "e", "f"].map((name) => `update on ${name}`);
    const rights = { ownsSchemas: true, missing: [], isBlind: false };
    expect(
      linesOf([
        rightsFinding(rights, "app"),
        rightsFinding({ ...rights, ownsSchemas: false }, "app"),
        rightsFinding({ ...rights, missing }, "app"),
        rightsFinding({ ...rights, isBlind: true }, "app"),
      ]),
    ).toStrictEqual([
      "ok The role can run jobs and migrate.",
      "ok The role can run jobs. It cannot migrate, since it does not own the schemas.",
      'warning Role "app" cannot run jobs: it lacks update on a, update on b, update on c, update on d and 2 more.',
      'problem Row security hides graphile-worker\'s rows from role "app", so that its workers find nothing.',
    ]);
  });
});

describe("workers and definitions", () => {
  test("no live worker is a problem once somebody waits for one", () => {
    expect(linesOf([...workersFindings([], 0), ...workersFindings([], 3)])).toStrictEqual([
      "warning No worker is alive; 0 jobs unfinished.",
      "problem No worker is alive; 3 jobs unfinished.",
    ]);
  });

  test("a silent one and different versions are told", () => {
    const workers = [worker(), worker({ id: 2, version: "0.2.0" }), worker({ id: 3, state: "silent", jobs: 1 })];
    expect(linesOf(workersFindings(workers, 9))).toStrictEqual([
      "ok 2 workers alive, running 4 of 20 jobs at most.",
      "warning Worker 3 (box, process 77) has been silent for 40 s; it holds 1 job.",
      "warning Workers of different versions run side by side: 0.1.0, 0.2.0.",
    ]);
  });

  test("files and registered versions are compared", () => {
    const registered = [definition(), definition({ identifier: "report", version: "v1" })];
    const findings = (files: Record<string, string>) =>
      linesOf(
        definitionsFindings(registered, { files: new Map(Object.entries(files)), folder: "tasks/", isServed: true }),
      );
    expect(findings({ mail: "v2" })).toStrictEqual([
      "ok 1 definition in tasks/, all registered; 1 more without a file there.",
    ]);
    expect(findings({ mail: "v3", new_one: "v1" })).toStrictEqual([
      'warning "mail" in tasks/ is version v3; new jobs are planned by v2.',
      'warning "new_one" is in tasks/, but not registered: it cannot be queued yet.',
    ]);
    expect(linesOf(definitionsFindings([], { files: new Map(), folder: "tasks/", isServed: true }))).toStrictEqual([
      "warning 0 definitions in tasks/, all registered.",
    ]);
  });

  test("jobs of a version that no live worker knows are a problem, with advice by whether it is the current one", () => {
    const lonely = { unfinishedJobs: 2, liveWorkers: 0 };
    const registered = [
      definition(lonely),
      definition({ ...lonely, version: "v1", isCurrent: false, unfinishedJobs: 1 }),
    ];
    const given = { files: new Map([["mail", "v2"]]), folder: "tasks/", isServed: true };
    expect(linesOf(definitionsFindings(registered, { ...given, isServed: false }))).toHaveLength(1);
    const findings = definitionsFindings(registered, given);
    expect(linesOf(findings)).toStrictEqual([
      'problem No live worker knows version v2 of "mail", which 2 unfinished jobs need.',
      'problem No live worker knows version v1 of "mail", which 1 unfinished job needs.',
    ]);
    expect(findings.map(({ advice }) => advice?.includes("old version"))).toStrictEqual([false, true]);
  });
});

describe("the queue", () => {
  test("in order is one line", () => {
    expect(linesOf(queueFindings(QUEUE, true))).toStrictEqual(["ok Every job that is due has its wake-up."]);
  });

  test("each thing that is not as it should be is told", () => {
    const queue = {
      spentWakeUps: 1,
      failedPlainJobs: [{ identifier: "own", jobs: 2 }],
      overdueJobs: 3,
      oldestDueMs: 150_000,
      unwokenJobs: ["7"],
      clockShiftMs: -60_000,
    };
    expect(linesOf(queueFindings(queue, true))).toStrictEqual([
      "problem Ratchet's clock was moved by 1 min, as only tests do.",
      "problem Due for more than a minute, and nothing wakes them: job 7.",
      "warning 3 jobs due for more than a minute and not begun, the oldest for 2 min.",
      "warning 1 wake-up with all attempts used up.",
      'warning graphile-worker has given up 2 jobs of its own task "own".',
    ]);
    expect(worstOf(queueFindings({ ...queue, clockShiftMs: 0 }, false))).toBe("warning");
  });

  test("contradictions are told by rule", () => {
    expect(linesOf(violationsFindings([]))).toStrictEqual(["ok No row contradicts another."]);
    const violations = [{ rule: "two tasks at once", count: 7, jobIds: ["1", "2"], example: "2 tasks are RUNNING" }];
    expect(linesOf(violationsFindings(violations))).toStrictEqual([
      "problem two tasks at once: jobs 1, 2 and 5 more (2 tasks are RUNNING).",
    ]);
  });
});
