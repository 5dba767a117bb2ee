import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { defineJob } from "../../src/definition/defineJob.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { expectNoViolations, failuresOf, look, queue, startEngine, statusesOf, type TestEngine } from "./engine.ts";

let work: (context: { progress: (fraction: number) => void; signal: AbortSignal }) => unknown = () => {};

const definitions = {
  two: defineJob()
    .task("first", () => 1)
    .task("second", ({ progress, signal }) => work({ progress, signal })),
  limited: defineJob().task("slow", { timeout: "40 ms" }, ({ progress, signal }) => work({ progress, signal })),
};

let database: TestDatabase;
let engine: TestEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(`
    create table seen (position integer, status text);
    create function note_status() returns trigger language plpgsql as $$
    begin insert into public.seen values (new.position, new.status); return null; end $$;
    create trigger note_status after update on ratchet.tasks for each row execute function note_status();`);
  engine = await startEngine({ url: database.url, definitions });
});

afterEach(async () => {
  await database.pool.query("truncate seen");
  await expectNoViolations(database.pool);
});

afterAll(async () => {
  await engine.close();
  await database.drop();
});

async function written(): Promise<string[]> {
  const { rows } = await database.pool.query<{ position: number; status: string }>("select * from seen");
  return rows.map(({ position, status }) => `${position} ${status}`);
}

async function showsProgress(jobId: string, progress: number): Promise<boolean> {
  const { tasks } = await look(database.pool, jobId);
  return tasks[1]?.progress === progress;
}

test("a task that runs longer than 100 ms is seen RUNNING with its start", async () => {
  const mayEnd = deferred();
  work = () => mayEnd.promise;
  const jobId = await queue(database.pool, "two");
  const run = engine.run(jobId);
  const task = await waitUntil(async () => {
    const { tasks } = await look(database.pool, jobId);
    return tasks[1]?.status === "RUNNING" && tasks[1];
  });
  // Its start, not the time of its mark, which is written 50 ms later at the earliest.
  expect(Date.now() - (task.startedAt?.getTime() ?? Infinity)).toBeGreaterThan(40);
  mayEnd.resolve();
  await run;
  expect((await look(database.pool, jobId)).tasks[1]?.startedAt).toStrictEqual(task.startedAt);
});

test("a quick task goes from PENDING to COMPLETED in one write", async () => {
  work = () => {};
  await engine.run(await queue(database.pool, "two"));
  expect(await written()).toStrictEqual(["1 COMPLETED", "2 COMPLETED"]);
});

test("progress is seen while the task runs, and gone when it has ended; nonsense counts as 0 or 1", async () => {
  const mayEnd = deferred();
  const reported = deferred<(fraction: number) => void>();
  work = ({ progress }) => {
    reported.resolve(progress);
    return mayEnd.promise;
  };
  const jobId = await queue(database.pool, "two");
  const run = engine.run(jobId);
  const progress = await reported.promise;
  for (const [told, shown] of [
    [0.25, 0.25],
    [Number.NaN, 0],
    [7, 1],
    [-1, 0],
  ] as const) {
    progress(told);
    await waitUntil(() => showsProgress(jobId, shown));
  }
  mayEnd.resolve();
  await run;
  expect((await look(database.pool, jobId)).tasks[1]?.progress).toBeNull();
});

test("a handler that goes on after its time-out writes nothing more", async () => {
  const reported = deferred<(fraction: number) => void>();
  const aborted = deferred<unknown>();
  work = ({ progress, signal }) => {
    signal.addEventListener("abort", () => {
      aborted.resolve(signal.reason);
    });
    reported.resolve(progress);
    return new Promise(() => {});
  };
  const jobId = await queue(database.pool, "limited");
  await engine.run(jobId);
  expect(await aborted.promise).toMatchObject({ code: "RT119" });
  expect(await failuresOf(database.pool, jobId)).toMatchObject([
    { code: "RT119", counted: true, message: expect.stringContaining("40 ms") },
  ]);
  (await reported.promise)(0.9);
  work = () => {};
  // Whatever the zombie had noted would be written no later than this job's marks.
  const other = await queue(database.pool, "two");
  await engine.run(other);
  expect((await look(database.pool, jobId)).tasks[0]).toMatchObject({ status: "FAILED", progress: null });
});

test("a row that somebody's psql holds keeps nobody else waiting until it is given back", async () => {
  work = () => {};
  const mayEnd = deferred();
  const started = deferred();
  const blocked = await queue(database.pool, "two");
  work = async () => {
    started.resolve();
    await mayEnd.promise;
  };
  const blockedRun = engine.run(blocked);
  await started.promise;
  const psql = await database.pool.connect();
  await psql.query("begin");
  await psql.query("update ratchet.tasks set name = name where job_id = $1 and position = 2", [blocked]);
  work = () => {};
  mayEnd.resolve();

  const others = await Promise.all(Array.from({ length: 30 }, () => queue(database.pool, "two")));
  await Promise.all(others.map((jobId) => engine.run(jobId)));
  for (const jobId of others) {
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  }
  expect(await statusesOf(database.pool, blocked)).not.toContain("FAILED");

  await psql.query("commit");
  psql.release();
  await blockedRun;
  expect((await look(database.pool, blocked)).status).toBe("COMPLETED");
});

test("a job whose first task somebody's psql holds is left alone, and the other claims go on", async () => {
  work = () => {};
  const held = await queue(database.pool, "two");
  const psql = await database.pool.connect();
  await psql.query("begin");
  await psql.query("update ratchet.tasks set name = name where job_id = $1 and position = 1", [held]);
  const other = await queue(database.pool, "two");
  await Promise.all([engine.run(held), engine.run(other)]);
  expect((await look(database.pool, other)).status).toBe("COMPLETED");
  expect((await look(database.pool, held)).status).toBe("PENDING");
  await psql.query("rollback");
  psql.release();
  await engine.run(held);
  expect((await look(database.pool, held)).status).toBe("COMPLETED");
});

test("lost connections of every kind end nothing: the lock is held again and the jobs go on", async () => {
  const mayEnd = deferred();
  const started = deferred();
  work = async () => {
    started.resolve();
    await mayEnd.promise;
  };
  const jobId = await queue(database.pool, "two");
  const run = engine.run(jobId);
  await started.promise;
  await database.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'ratchet engine'",
  );
  await waitUntil(async () => {
    const { rows } = await database.pool.query<{ isLocked: boolean }>(
      `select ratchet_private.is_worker_locked($1) as "isLocked"`,
      [engine.session.workerId],
    );
    return rows[0]?.isLocked;
  });
  mayEnd.resolve();
  await run;
  expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
});
