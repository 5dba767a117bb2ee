import { describe, expect, test } from "vitest";

import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claimOne,
  completeTasks,
  errorOf,
  type Job,
  readJob,
  readTasks,
  readWakeUps,
  runJob,
  statuses,
  useSql,
  withSession,
  withoutTriggers,
} from "./fixtures.ts";

const sql = useSql();

const STATUSES = ["PENDING", "RUNNING", "WAITING", "COMPLETED", "FAILED", "SKIPPED", "CANCELLED"] as const;
type Status = (typeof STATUSES)[number];

/** What a row must have besides its status. */
const COLUMNS: Readonly<Record<Status, string>> = {
  PENDING: "started_at = null, completed_at = null, error_message = null",
  RUNNING: "started_at = now(), completed_at = null, error_message = null",
  WAITING: "started_at = now(), completed_at = null, error_message = null",
  COMPLETED: "started_at = now(), completed_at = now(), error_message = null",
  FAILED: "started_at = now(), completed_at = null, error_message = 'it broke'",
  SKIPPED: "started_at = null, completed_at = now(), error_message = null",
  CANCELLED: "started_at = null, completed_at = null, error_message = null",
};

/** Puts a task into a status, past all triggers. */
function force(id: string, position: number, status: Status): Promise<unknown> {
  return withoutTriggers(sql, (session) =>
    session.query(
      `update ratchet.tasks set status = '${status}', ${COLUMNS[status]} where job_id = $1 and position = $2`,
      [id, position],
    ),
  );
}

function setByHand(id: string, position: number, status: string): Promise<unknown> {
  return sql.rows("update ratchet.tasks set status = $3 where job_id = $1 and position = $2", [id, position, status]);
}

const EDGES = STATUSES.flatMap((from) => STATUSES.filter((to) => to !== from).map((to) => ({ from, to })));
const hasEnded = (from: Status, to: Status): boolean =>
  from === "COMPLETED" || ((from === "SKIPPED" || from === "CANCELLED") && to !== "PENDING");

describe("by hand", () => {
  test.each(EDGES.filter(({ from, to }) => hasEnded(from, to)))(
    "$from to $to is refused (RT009)",
    async ({ from, to }) => {
      const job = await addSingle(sql);
      await force(job.id, 1, from);
      const raised = await errorOf(setByHand(job.id, 1, to));
      expect(raised).toMatchObject({
        code: "RT009",
        message: `Task 1 of job ${job.id} is ${from} and cannot become ${to}.`,
        detail: "A finished task is never run again, and one that has ended never changes its end.",
      });
      expect(await statuses(sql, job.id)).toStrictEqual([from]);
    },
  );

  test.each(EDGES.filter(({ from, to }) => !hasEnded(from, to) && (to === "RUNNING" || to === "WAITING")))(
    "$from to $to is refused, because only a worker starts a task (RT009)",
    async ({ from, to }) => {
      const job = await addSingle(sql);
      await force(job.id, 1, from);
      expect(await errorOf(setByHand(job.id, 1, to))).toMatchObject({
        code: "RT009",
        message: `Task 1 of job ${job.id} cannot be set to ${to} by hand: only a worker starts a task.`,
        hint: "Set it to PENDING; the job is then picked up by itself.",
      });
    },
  );

  test.each(EDGES.filter(({ from, to }) => !hasEnded(from, to) && to !== "RUNNING" && to !== "WAITING"))(
    "$from to $to is legal; the row is completed and its fence raised",
    async ({ from, to }) => {
      const job = await addSingle(sql);
      await force(job.id, 1, from);
      await setByHand(job.id, 1, to);
      const [task] = await readTasks(sql, job.id);
      expect(task).toMatchObject({ status: to, fence: 1, result: null, progress: null });
      expect(task?.completed_at !== null).toBe(to === "COMPLETED" || to === "SKIPPED");
      expect(task?.error_message).toBe(to === "FAILED" ? "set to FAILED by hand" : null);
    },
  );

  test("a task cannot be inserted as RUNNING or WAITING (RT009)", async () => {
    const job = await addSingle(sql);
    for (const status of ["RUNNING", "WAITING"]) {
      expect(
        await errorOf(
          sql.rows(
            "insert into ratchet.tasks (job_id, position, key, template, name, status, started_at) values ($1, 2, 'x', 'x', 'x', $2, now())",
            [job.id, status],
          ),
        ),
      ).toMatchObject({ code: "RT009" });
    }
  });

  test("back to PENDING gives a task all its tries again", async () => {
    const job = await addSingle(sql, { max_attempts: 1 });
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, job.id);
    await checkpoint(sql.pool(), worker, [{ job: job.id, position: 1, fence, kind: "F" }]);
    expect(await readJob(sql, job.id)).toMatchObject({ status: "FAILED", next_attempt_at: null });
    await setByHand(job.id, 1, "PENDING");
    expect(await readTasks(sql, job.id)).toMatchObject([
      { status: "PENDING", attempts: 0, error_message: null, started_at: null },
    ]);
    expect(await readJob(sql, job.id)).toMatchObject({ status: "RUNNING", finished_at: null });
    expect(await readWakeUps(sql, job.id)).toHaveLength(1);
    await runJob(sql, worker, job.id);
    expect(await readJob(sql, job.id)).toMatchObject({ status: "COMPLETED" });
  });
});

describe("the job follows changes by hand", () => {
  const CASES: readonly { tasks: readonly string[]; job: string }[] = [
    { tasks: ["PENDING", "PENDING", "PENDING"], job: "PENDING" },
    { tasks: ["COMPLETED", "SKIPPED", "COMPLETED"], job: "COMPLETED" },
    { tasks: ["SKIPPED", "SKIPPED", "SKIPPED"], job: "COMPLETED" },
    { tasks: ["COMPLETED", "FAILED", "PENDING"], job: "FAILED" },
    { tasks: ["FAILED", "CANCELLED", "COMPLETED"], job: "FAILED" },
    { tasks: ["COMPLETED", "COMPLETED", "CANCELLED"], job: "CANCELLED" },
    { tasks: ["CANCELLED", "CANCELLED", "CANCELLED"], job: "CANCELLED" },
    { tasks: ["COMPLETED", "PENDING", "PENDING"], job: "PENDING" },
  ];

  test.each(CASES)("$tasks makes it $job", async ({ tasks, job: expected }) => {
    const job = await addPublish(sql, ["a"]);
    for (const [index, status] of tasks.entries()) {
      if (status !== "PENDING") {
        await setByHand(job.id, index + 1, status);
      }
    }
    const followed = await readJob(sql, job.id);
    expect(followed.status).toBe(expected);
    expect(
      await sql.rows("select * from ratchet.all_violations() where job_id = $1 and rule <> 'finished out of order'", [
        job.id,
      ]),
    ).toStrictEqual([]);
    expect(followed.finished_at !== null).toBe(expected !== "PENDING");
    expect(followed.cancel_reason).toBe(expected === "CANCELLED" ? "a task was cancelled by hand" : null);
  });

  test("in one statement for many jobs at once", async () => {
    const jobs = await Promise.all([addPublish(sql, ["a"]), addSingle(sql), addPublish(sql, [])]);
    const ids = jobs.map(({ id }) => id);
    await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = any ($1)", [ids]);
    expect(await sql.rows("select distinct status from ratchet.jobs where id = any ($1)", [ids])).toStrictEqual([
      { status: "COMPLETED" },
    ]);
  });

  test("once started, to RUNNING, and back from COMPLETED when a task is added", async () => {
    const job = await addSingle(sql);
    await runJob(sql, await addWorker(sql), job.id);
    await sql.rows(
      "insert into ratchet.tasks (job_id, position, key, template, name) values ($1, 2, 'only', 'only', 'More')",
      [job.id],
    );
    expect(await readJob(sql, job.id)).toMatchObject({ status: "RUNNING", finished_at: null, worker_id: null });
    expect(await readWakeUps(sql, job.id)).toHaveLength(1);
    await sql.rows("delete from ratchet.tasks where job_id = $1 and position = 2", [job.id]);
    expect(await readJob(sql, job.id)).toMatchObject({ status: "COMPLETED" });
  });

  test("out of CANCELLED when its task is PENDING again", async () => {
    const job = await addSingle(sql);
    await setByHand(job.id, 1, "CANCELLED");
    expect(await readJob(sql, job.id)).toMatchObject({ status: "CANCELLED" });
    await setByHand(job.id, 1, "PENDING");
    expect(await readJob(sql, job.id)).toMatchObject({
      status: "PENDING",
      cancelled_at: null,
      cancel_reason: null,
      finished_at: null,
    });
    expect(await readWakeUps(sql, job.id)).toHaveLength(1);
  });

  test("to WAITING while the engine has a task WAITING", async () => {
    const job = await addSingle(sql);
    await withSession(sql, async (session) => {
      await session.query("begin; set local ratchet.engine = 'order'");
      await session.query("update ratchet.tasks set status = 'WAITING', started_at = now() where job_id = $1", [
        job.id,
      ]);
      await session.query("commit");
    });
    expect(await readJob(sql, job.id)).toMatchObject({ status: "WAITING" });
  });

  test("for a role with rights on the tasks alone, which row security keeps from seeing the jobs", async () => {
    const job = await addPublish(sql, []);
    await withSession(sql, async (session) => {
      await session.query(
        `begin; create role ratchet_test_editor;
         grant usage on schema ratchet to ratchet_test_editor;
         grant select, update on ratchet.tasks to ratchet_test_editor;
         grant select (id) on ratchet.jobs to ratchet_test_editor;
         create policy own on ratchet.tasks to ratchet_test_editor using (position = 1);
         set local role ratchet_test_editor`,
      );
      const { rowCount } = await session.query("update ratchet.tasks set status = 'FAILED' where job_id = $1", [
        job.id,
      ]);
      expect(rowCount).toBe(1);
      await session.query("reset role");
      const { rows } = await session.query<Job>("select * from ratchet.jobs where id = $1", [job.id]);
      expect(rows[0]).toMatchObject({ status: "FAILED" });
      const { rows: failed } = await session.query(
        "select fence from ratchet.tasks where job_id = $1 and position = 1",
        [job.id],
      );
      expect(failed).toStrictEqual([{ fence: 1 }]);
    });
  });

  test("and listeners of its tenant are told", async () => {
    const job = await addSingle(sql, { tenant: "told" });
    await withSession(sql, async (session) => {
      const told: string[] = [];
      session.on("notification", ({ payload }) => {
        told.push(payload ?? "");
      });
      await session.query('listen "ratchet:told"');
      await session.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1", [job.id]);
      await session.query("select 1");
      expect(told).toStrictEqual([`{"jobs" : ["${job.id}"]}`]);
      await session.query("unlisten *");
      session.removeAllListeners("notification");
    });
  });
});

describe("by hand while a worker holds the job", () => {
  test("a later task's fence is raised, the running one ends and stops", async () => {
    const job = await addPublish(sql, ["a"]);
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, job.id);
    await setByHand(job.id, 3, "SKIPPED");
    expect((await readTasks(sql, job.id)).map((task) => [task.fence, task.stop_after])).toStrictEqual([
      [0, true],
      [0, false],
      [fence + 1, false],
    ]);
    expect(await checkpoint(sql.pool(), worker, [{ job: job.id, position: 1, fence, kind: "C" }])).toMatchObject([
      { outcome: "written", stop: true },
    ]);
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [job.id], [fence]]);
    expect(await readJob(sql, job.id)).toMatchObject({ status: "RUNNING", worker_id: null });
  });

  test("the running task completed: the worker's own end is stale", async () => {
    const job = await addPublish(sql, ["a"]);
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, job.id);
    await setByHand(job.id, 1, "COMPLETED");
    expect(
      await checkpoint(sql.pool(), worker, [{ job: job.id, position: 1, fence, kind: "C", result: 1 }]),
    ).toMatchObject([{ outcome: "refused" }]);
    expect(await readTasks(sql, job.id)).toMatchObject([{ status: "COMPLETED", result: null }, {}, {}]);
  });

  test("the last task completed: the job is COMPLETED and nobody's", async () => {
    const job = await addSingle(sql);
    const worker = await addWorker(sql);
    await claimOne(sql, worker, job.id);
    await setByHand(job.id, 1, "COMPLETED");
    expect(await readJob(sql, job.id)).toMatchObject({ status: "COMPLETED", worker_id: null });
  });

  test("a later task FAILED: the job is taken from its worker, and what that still writes is stale", async () => {
    const job = await addPublish(sql, ["a"]);
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, job.id);
    await setByHand(job.id, 3, "FAILED");
    expect(await readJob(sql, job.id)).toMatchObject({ status: "FAILED", worker_id: null, next_attempt_at: null });
    expect(await statuses(sql, job.id)).toStrictEqual(["PENDING", "PENDING", "FAILED"]);
    expect(await checkpoint(sql.pool(), worker, [{ job: job.id, position: 1, fence, kind: "C" }])).toMatchObject([
      { outcome: "refused" },
    ]);
    expect(await sql.rows("select * from ratchet.all_violations() where job_id = $1", [job.id])).toStrictEqual([]);
  });

  test("between two tasks: the one it is in, though not marked yet, stops, or is stale", async () => {
    const worker = await addWorker(sql);
    const [going, taken] = [await addPublish(sql, ["a"]), await addPublish(sql, ["a"])];
    const claims = [await claimOne(sql, worker, going.id), await claimOne(sql, worker, taken.id)];
    for (const { job_id: job, fence } of claims) {
      await completeTasks(sql, worker, { job, fence, from: 1, to: 1 });
    }
    await setByHand(going.id, 3, "SKIPPED");
    await setByHand(taken.id, 3, "FAILED");
    const ends = claims.map(({ job_id: job, fence }) => ({ job, position: 2, fence, kind: "C" as const }));
    expect(await checkpoint(sql.pool(), worker, ends)).toMatchObject([
      { outcome: "written", stop: true },
      { outcome: "refused" },
    ]);
  });

  test("however often a later task was changed, the next claim may write it", async () => {
    const job = await addPublish(sql, ["a"]);
    for (const status of ["SKIPPED", "PENDING", "SKIPPED", "PENDING", "SKIPPED", "PENDING"]) {
      await setByHand(job.id, 3, status);
    }
    expect((await readTasks(sql, job.id))[2]).toMatchObject({ fence: 6 });
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, job.id);
    await completeTasks(sql, worker, { job: job.id, fence, from: 1, to: 3 });
    expect(await readJob(sql, job.id)).toMatchObject({ status: "COMPLETED" });
  });
});
