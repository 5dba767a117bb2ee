import { Writable } from "node:stream";

import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import type { TaskStatus } from "../../src/database/calls/claims.ts";
import { type OrchestratedHandler, TaskOrchestrator } from "../../src/engine/taskOrchestrator.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { deferred } from "../support/waiting.ts";
import { existing, expectNoViolations, failuresOf, look, resultsOf, statusesOf, timesCalled } from "./engine.ts";

const PLAN = [
  "Validate product",
  "Upload image 1/3",
  "Upload image 2/3",
  "Upload image 3/3",
  "Create listing",
] as const;
const JOB = { identifier: "publish", payload: { title: "Jacket" } };

let database: TestDatabase;
let lines: Record<string, unknown>[] = [];
const opened: TaskOrchestrator[] = [];

function createOrchestrator(): TaskOrchestrator {
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const orchestrator = new TaskOrchestrator({
    connectionString: database.url,
    schemas: TEST_SCHEMAS,
    log: createLogger({ level: "debug", destination }),
  });
  opened.push(orchestrator);
  return orchestrator;
}

function refusal(code: string) {
  return expect.objectContaining({ name: "RatchetError", code });
}

beforeAll(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((orchestrator) => orchestrator.close()));
  lines = [];
  await expectNoViolations(database.pool);
});

afterAll(() => database.drop());

describe("createTasks", () => {
  test("gives N tasks the positions 1..N, PENDING, linked to the job and persisted", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const tasks = await orchestrator.createTasks(job, PLAN);
    expect(tasks.map(({ position, name, status, jobId }) => ({ position, name, status, jobId }))).toStrictEqual(
      PLAN.map((name, index) => ({ position: index + 1, name, status: "PENDING", jobId: job.id })),
    );
    const { rows } = await database.pool.query(
      "select position, name, status from ratchet.tasks where job_id = $1 order by position",
      [job.id],
    );
    expect(rows).toStrictEqual(PLAN.map((name, index) => ({ position: index + 1, name, status: "PENDING" })));
    expect(await look(database.pool, job.id)).toMatchObject({ status: "PENDING", identifier: "publish" });
  });

  test.each([
    ["an empty plan", [], "RT004"],
    ["a name twice", ["a", "b", "a"], "RT014"],
    ["more than 10,000 names", Array.from({ length: 10_001 }, (_, index) => `task ${index}`), "RT005"],
  ])("refuses %s and writes nothing", async (_, names, code) => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    await expect(orchestrator.createTasks(job, names)).rejects.toMatchObject({ code });
    expect(await orchestrator.readTasks(job)).toStrictEqual([]);
  });

  test("refuses a second plan, and a job that does not exist", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    await orchestrator.createTasks(job, ["a"]);
    await expect(orchestrator.createTasks(job, ["b"])).rejects.toMatchObject({ code: "RT015" });
    await expect(orchestrator.createTasks({ id: "999999" }, ["b"])).rejects.toMatchObject({ code: "RT013" });
  });
});

describe("executeTask", () => {
  test("brings a task from PENDING over RUNNING to COMPLETED with result, startedAt and completedAt", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const [task, other] = await orchestrator.createTasks(job, ["first", "second"]);
    const seen = deferred<TaskStatus[]>();
    const end = await orchestrator.executeTask(
      existing(task),
      async ({ payload, job: own, task: self, idempotencyKey }) => {
        seen.resolve(await statusesOf(database.pool, job.id));
        return { payload, identifier: own.identifier, key: self.key, idempotencyKey };
      },
    );

    expect(await seen.promise).toStrictEqual(["RUNNING", "PENDING"]);
    expect(end).toMatchObject({ success: true, errorMessage: null, retryInMs: null });
    expect(end.result).toMatchObject({ payload: JOB.payload, identifier: "publish", key: "first" });
    const [stored, next] = await orchestrator.readTasks(job);
    expect(stored).toMatchObject({ status: "COMPLETED", result: end.result, attempts: 1, errorMessage: null });
    expect(stored?.startedAt?.getTime()).toBeLessThanOrEqual(stored?.completedAt?.getTime() ?? 0);
    expect(next).toMatchObject({ ...other, status: "PENDING" });
  });

  test("makes an exception a FAILED task with its message, and TaskResult.success false", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const [task] = await orchestrator.createTasks(job, ["only"]);
    const end = await orchestrator.executeTask(existing(task), () => {
      throw new Error("the marketplace said no");
    });
    expect(end).toMatchObject({ success: false, result: null, errorMessage: "the marketplace said no" });
    expect(end.durationMs).toBeGreaterThanOrEqual(0);
    const [stored] = await orchestrator.readTasks(job);
    expect(stored).toMatchObject({ status: "FAILED", errorMessage: "the marketplace said no", completedAt: null });
    expect(await look(database.pool, job.id)).toMatchObject({ status: "FAILED" });
  });

  test("refuses a task whose turn it is not, before it touches the job", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const [first, second] = await orchestrator.createTasks(job, ["first", "second"]);
    await orchestrator.executeTask(existing(first), () => {
      throw new Error("kept");
    });
    await expect(orchestrator.executeTask(existing(second), () => 1)).rejects.toStrictEqual(refusal("RT123"));
    expect((await orchestrator.readTasks(job))[0]).toMatchObject({ status: "FAILED", errorMessage: "kept" });
    await orchestrator.executeTask(existing(first), () => 1);
    await orchestrator.executeTask(existing(second), () => 2);
    await expect(orchestrator.executeTask(existing(second), () => 3)).rejects.toStrictEqual(refusal("RT123"));
    expect(await resultsOf(database.pool, job.id)).toStrictEqual([1, 2]);
  });
});

test.each([
  ["COMPLETED", true],
  ["SKIPPED", true],
  ["CANCELLED", true],
  ["FAILED", false],
  ["PENDING", false],
  ["RUNNING", false],
] as const)("shouldSkipTask of a %s task is %s", (status, expected) => {
  expect(createOrchestrator().shouldSkipTask({ status })).toBe(expected);
});

describe("executeJobWithTasks", () => {
  test("with [COMPLETED, COMPLETED, FAILED] calls the third handler only", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const tasks = await orchestrator.createTasks(job, ["one", "two", "three"]);
    await orchestrator.executeTask(existing(tasks[0]), () => 1);
    await orchestrator.executeTask(existing(tasks[1]), () => 2);
    await orchestrator.executeTask(existing(tasks[2]), () => {
      throw new Error("not yet");
    });
    const one = vi.fn<OrchestratedHandler>();
    const two = vi.fn<OrchestratedHandler>();
    const three = vi.fn<OrchestratedHandler>(() => 3);
    expect(await orchestrator.executeJobWithTasks(job, tasks, { one, two, three })).toBe(true);
    expect([one, two, three].map((handler) => handler.mock.calls.length)).toStrictEqual([0, 0, 1]);
  });

  test("five tasks, image 2 fails once: false, then true; nothing finished runs again, results stay", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const tasks = await orchestrator.createTasks(job, PLAN);
    const handlers = Object.fromEntries(PLAN.map((name) => [name, vi.fn<OrchestratedHandler>(() => `${name}: ok`)]));
    handlers["Upload image 2/3"]?.mockRejectedValueOnce(new Error("read ECONNRESET"));
    const last = vi.fn<OrchestratedHandler>(async ({ results }) => [await results["Upload image 2/3"]]);

    expect(await orchestrator.executeJobWithTasks(job, tasks, { ...handlers, "Create listing": last })).toBe(false);
    expect(await statusesOf(database.pool, job.id)).toStrictEqual([
      "COMPLETED",
      "COMPLETED",
      "FAILED",
      "PENDING",
      "PENDING",
    ]);
    const before = await orchestrator.readTasks(job);
    expect(before[2]?.errorMessage).toBe("read ECONNRESET");

    expect(await orchestrator.executeJobWithTasks(job, tasks, { ...handlers, "Create listing": last })).toBe(true);
    const after = await orchestrator.readTasks(job);
    expect(after.map(({ status }) => status)).toStrictEqual(PLAN.map(() => "COMPLETED"));
    expect(after.slice(0, 2)).toStrictEqual(before.slice(0, 2));
    expect(after.map(({ result }) => result)).toStrictEqual([
      ...PLAN.slice(0, 4).map((name) => `${name}: ok`),
      ["Upload image 2/3: ok"],
    ]);
    expect(PLAN.slice(0, 4).map((name) => handlers[name]?.mock.calls.length)).toStrictEqual([1, 1, 2, 1]);
    expect(timesCalled(last)).toBe(1);
    expect(await look(database.pool, job.id)).toMatchObject({ status: "COMPLETED", nextAttemptAt: null });
    expect(await failuresOf(database.pool, job.id)).toMatchObject([{ position: 3, attempt: 1, counted: true }]);

    // Once more: it has ended, and nothing is called.
    expect(await orchestrator.executeJobWithTasks(job, tasks, { ...handlers, "Create listing": last })).toBe(true);
    expect(timesCalled(last)).toBe(1);
  });

  test("logs each skip, and each end with its duration in seconds", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const tasks = await orchestrator.createTasks(job, ["one", "two"]);
    await orchestrator.executeJobWithTasks(job, tasks, {
      one: () => "secret result",
      two: () => {
        throw new Error("later");
      },
    });
    await orchestrator.executeJobWithTasks(job, tasks, { two: () => 2 });
    const told = lines.filter(({ jobId }) => jobId === job.id).map(({ msg, task, level }) => [level, msg, task]);
    expect(told).toStrictEqual([
      ["info", "job claimed", undefined],
      ["debug", "task started", "one"],
      ["info", "task completed", "one"],
      ["debug", "task started", "two"],
      ["error", "task failed for good", "two"],
      ["info", "job claimed", undefined],
      ["info", "task skipped: already finished", "one"],
      ["debug", "task started", "two"],
      ["info", "task completed", "two"],
      ["info", "job completed", undefined],
    ]);
    for (const line of lines.filter(({ msg }) => /^task (?:completed|failed)|^job completed/v.test(String(msg)))) {
      expect(line["seconds"]).toStrictEqual(expect.any(Number));
      expect(line["seconds"]).toBeLessThan(10);
    }
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  test("loads the tasks of a job in one query, whatever their number", async () => {
    const orchestrator = createOrchestrator();
    const counts: number[] = [];
    for (const length of [2, 200]) {
      const job = await orchestrator.createJob(JOB);
      await orchestrator.createTasks(
        job,
        Array.from({ length }, (_, index) => `task ${index}`),
      );
      const query = vi.spyOn(pg.Client.prototype, "query");
      await orchestrator.readTasks(job);
      counts.push(query.mock.calls.length);
      query.mockRestore();
    }
    expect(counts).toStrictEqual([1, 1]);
  });

  test("needs the same number of queries to claim 2 tasks as 200", async () => {
    const orchestrator = createOrchestrator();
    const counts: number[] = [];
    for (const length of [2, 200]) {
      const job = await orchestrator.createJob(JOB);
      const names = Array.from({ length }, (_, index) => `task ${index}`);
      const tasks = await orchestrator.createTasks(job, names);
      const query = vi.spyOn(pg.Client.prototype, "query");
      await orchestrator.executeJobWithTasks(job, tasks, {
        "task 0": () => {
          counts.push(query.mock.calls.length);
          throw new Error("that is all");
        },
      });
      query.mockRestore();
    }
    expect(counts).toStrictEqual([1, 1]);
  });

  test("makes a missing handler a FAILED task that says so, an inherited property included", async () => {
    const orchestrator = createOrchestrator();
    for (const name of ["nobody", "constructor", "__proto__"]) {
      const job = await orchestrator.createJob(JOB);
      const tasks = await orchestrator.createTasks(job, [name]);
      expect(await orchestrator.executeJobWithTasks(job, tasks, {})).toBe(false);
      const [task] = await orchestrator.readTasks(job);
      expect(task).toMatchObject({ status: "FAILED", errorMessage: expect.stringContaining(`"${name}"`) });
      expect(await failuresOf(database.pool, job.id)).toMatchObject([{ code: "RT117" }]);
    }
  });

  test("refuses an empty plan and a job that does not exist", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    await expect(orchestrator.executeJobWithTasks(job, [], {})).rejects.toStrictEqual(refusal("RT004"));
    await expect(orchestrator.executeJobWithTasks(job, [{ name: "a" }], {})).rejects.toStrictEqual(refusal("RT004"));
    await expect(orchestrator.executeJobWithTasks({ id: "999999" }, [{ name: "a" }], {})).rejects.toStrictEqual(
      refusal("RT013"),
    );
  });

  test("runs jobs side by side, each in its order", async () => {
    const orchestrator = createOrchestrator();
    const ends = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const job = await orchestrator.createJob(JOB);
        const tasks = await orchestrator.createTasks(job, ["one", "two", "three"]);
        const order: string[] = [];
        const note: OrchestratedHandler = ({ task }) => order.push(task.key);
        const isCompleted = await orchestrator.executeJobWithTasks(job, tasks, { one: note, two: note, three: note });
        return { isCompleted, order };
      }),
    );
    expect(ends).toStrictEqual(ends.map(() => ({ isCompleted: true, order: ["one", "two", "three"] })));
  });
});
