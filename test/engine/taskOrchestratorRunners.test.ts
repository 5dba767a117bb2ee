import { fork } from "node:child_process";
import { once } from "node:events";

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { type OrchestratedHandler, TaskOrchestrator } from "../../src/engine/taskOrchestrator.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { createRecordingHub, expectNoViolations, look, statusesOf, timesCalled } from "./engine.ts";

const JOB = { identifier: "publish", payload: { title: "Jacket" } };

let database: TestDatabase;
const opened: TaskOrchestrator[] = [];

function createOrchestrator(): TaskOrchestrator {
  const log = createLogger({ level: "silent" });
  const orchestrator = new TaskOrchestrator({ connectionString: database.url, schemas: TEST_SCHEMAS, log });
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
  await expectNoViolations(database.pool);
});

afterAll(() => database.drop());

describe("one job, two runners", () => {
  test("in one process: the second gets RT113, and the job goes on", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const tasks = await orchestrator.createTasks(job, ["one"]);
    const started = deferred();
    const mayEnd = deferred();
    const handler = vi.fn<OrchestratedHandler>(async () => {
      started.resolve();
      await mayEnd.promise;
    });
    const first = orchestrator.executeJobWithTasks(job, tasks, { one: handler });
    await started.promise;
    await expect(orchestrator.executeJobWithTasks(job, tasks, { one: handler })).rejects.toStrictEqual(
      refusal("RT113"),
    );
    mayEnd.resolve();
    expect(await first).toBe(true);
    expect(timesCalled(handler)).toBe(1);
  });

  test("in two processes: the second gets RT113, the handlers of the first are called once", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const tasks = await orchestrator.createTasks(job, ["one", "two"]);
    const child = fork(new URL("orchestratorProcess.ts", import.meta.url), [database.url, job.id], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    try {
      const [message] = (await once(child, "message")) as [unknown];
      expect(message).toBe("one runs");
      const mine = vi.fn<OrchestratedHandler>();
      await expect(orchestrator.executeJobWithTasks(job, tasks, { one: mine, two: mine })).rejects.toStrictEqual(
        refusal("RT113"),
      );
      const ended = once(child, "message");
      child.send("go on");
      expect((await ended)[0]).toStrictEqual({ isCompleted: true, calls: ["one", "two"] });
      expect(mine).not.toHaveBeenCalled();
    } finally {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
  });

  test("a process that was killed leaves a job that the next one on its host goes on with", async () => {
    const setUp = createOrchestrator();
    const job = await setUp.createJob(JOB);
    const tasks = await setUp.createTasks(job, ["one", "two"]);
    const child = fork(new URL("orchestratorProcess.ts", import.meta.url), [database.url, job.id], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    await once(child, "message");
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    expect(await createOrchestrator().executeJobWithTasks(job, tasks, { one: () => 1, two: () => 2 })).toBe(true);
  });
});

describe("close", () => {
  test("is safe twice and before the first use; afterwards every call says that it was closed", async () => {
    const orchestrator = createOrchestrator();
    await orchestrator.close();
    await orchestrator.close();
    await expect(orchestrator.createJob(JOB)).rejects.toThrow("was closed");
  });

  test("while a task runs: its signal is aborted, the call ends with RT121, and the job is handed back uncounted", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const tasks = await orchestrator.createTasks(job, ["one"]);
    const started = deferred();
    const run = orchestrator.executeJobWithTasks(job, tasks, {
      one: async ({ signal }) => {
        started.resolve();
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reject(new Error("stopped"));
          });
        });
      },
    });
    // It may end before the test looks.
    run.catch(() => {});
    await started.promise;
    await orchestrator.close();
    await expect(run).rejects.toStrictEqual(refusal("RT121"));
    expect(await look(database.pool, job.id)).toMatchObject({ tasks: [{ status: "PENDING", attempts: 0 }] });
    expect(await createOrchestrator().executeJobWithTasks(job, tasks, { one: () => 1 })).toBe(true);
  });

  test("while a task runs that ignores its signal and then returns: the call ends with RT121 all the same", async () => {
    const orchestrator = createOrchestrator();
    const job = await orchestrator.createJob(JOB);
    const tasks = await orchestrator.createTasks(job, ["one"]);
    const started = deferred();
    const mayEnd = deferred();
    const run = orchestrator.executeJobWithTasks(job, tasks, {
      one: async () => {
        started.resolve();
        await mayEnd.promise;
      },
    });
    // It may end before the test looks.
    run.catch(() => {});
    await started.promise;
    await orchestrator.close();
    mayEnd.resolve();
    await expect(run).rejects.toStrictEqual(refusal("RT121"));
    expect(await statusesOf(database.pool, job.id)).toStrictEqual(["PENDING"]);
  });

  test("leaves no connection and ends the log of a shared hub", async () => {
    const events = createRecordingHub();
    const orchestrator = new TaskOrchestrator({
      connectionString: database.url,
      schemas: TEST_SCHEMAS,
      events,
      log: createLogger({ level: "silent" }),
    });
    await orchestrator.createJob(JOB);
    await orchestrator.close();
    const count = await waitUntil(async () => {
      const { rows } = await database.pool.query<{ count: number }>(
        `select count(*)::integer as count from pg_stat_activity
         where datname = current_database() and application_name in ('ratchet engine', 'ratchet transaction tasks')`,
      );
      return rows[0]?.count === 0 && "none";
    });
    expect(count).toBe("none");
  });

  test("after a start that failed, a later call tries again", async () => {
    const orchestrator = new TaskOrchestrator({
      connectionString: "postgres://postgres@127.0.0.1:1/nothing",
      log: createLogger({ level: "silent" }),
    });
    await expect(orchestrator.createJob(JOB)).rejects.toThrow("ECONNREFUSED");
    await expect(orchestrator.createJob(JOB)).rejects.toThrow("ECONNREFUSED");
    await orchestrator.close();
  });
});
