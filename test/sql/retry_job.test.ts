import { describe, expect, test } from "vitest";

import { named, wakeUpKey } from "../support/schemas.ts";
import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  completeTasks,
  errorOf,
  readJob,
  readTasks,
  readWakeUps,
  runJob,
  statuses,
  useSql,
} from "./fixtures.ts";
import { addFailed, auditOf, cancel, expectNoViolations, fail, retry, scrub } from "./orders.ts";

const sql = useSql();

/** A job of five tasks that are all COMPLETED. */
async function addCompleted(): Promise<{ id: string; worker: number; fence: number }> {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  await runJob(sql, worker, id);
  return { id, worker, fence: (await readJob(sql, id)).fence };
}

const GOING_ON = ["COMPLETED", "COMPLETED", "PENDING", "PENDING", "PENDING"];

describe("goes on where the job stopped, with all tries", () => {
  test.each([true, false])("after a failure (one that will be tried again: %s)", async (canRetry) => {
    const { id, worker, fence } = await addFailed(sql, { canRetry });
    const returned = await retry(sql.pool(), id, { reason: "the shop is up again" });
    expect(returned).toStrictEqual(await readJob(sql, id));
    expect(returned).toMatchObject({
      status: "RUNNING",
      fence: fence + 1,
      worker_id: null,
      next_attempt_at: null,
      finished_at: null,
    });
    expect(await statuses(sql, id)).toStrictEqual(GOING_ON);
    expect((await readTasks(sql, id))[2]).toMatchObject({ attempts: 0, error_message: null, fence: fence + 1 });
    const [wakeUp, ...others] = await readWakeUps(sql, id);
    expect(others).toStrictEqual([]);
    expect(await sql.value("select $1::timestamptz <= now()", [wakeUp?.run_at])).toBe(true);
    expect(await claimOne(sql, worker, id)).toMatchObject({ first_position: 3 });
    expect(await auditOf(sql, id)).toMatchObject([
      { action: "retry", reason: "the shop is up again", detail: { status: "FAILED" } },
    ]);
    expect(await sql.value("select count(*)::int from ratchet.task_failures where job_id = $1", [id])).toBe(1);
    await expectNoViolations(sql);
  });

  test("after a cancel, and takes that back", async () => {
    const worker = await addWorker(sql);
    const { id } = await addPublish(sql);
    const { fence } = await claimOne(sql, worker, id);
    await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
    await cancel(sql.pool(), id, "by mistake");
    expect(await retry(sql.pool(), id)).toMatchObject({
      status: "RUNNING",
      cancelled_at: null,
      cancel_reason: null,
      finished_at: null,
    });
    expect(await statuses(sql, id)).toStrictEqual(GOING_ON);
    await runRest(worker, id, 3);
    expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED", cancelled_at: null });
  });

  test("a job that was CANCELLED before its time is PENDING again, and due now", async () => {
    const { id } = await addPublish(sql, [], { run_at: new Date(Date.now() + 3_600_000) });
    await cancel(sql.pool(), id);
    const retried = await retry(sql.pool(), id);
    expect(retried).toMatchObject({ status: "PENDING", started_at: null });
    expect(await claim(sql.pool(), await addWorker(sql), [id])).toMatchObject([{ outcome: "claimed" }]);
  });

  test("a job outside the queue gets no wake-up", async () => {
    const worker = await addWorker(sql);
    const id = await sql.value<string>("select (ratchet_private.create_job('own', '{}', 'default')).id");
    await sql.rows("select ratchet_private.create_tasks($1, array['a'])", [id]);
    const [claimed] = await claim(sql.pool(), worker, [id], { isOrder: true });
    await fail(sql, worker, { job: id, position: 1, fence: claimed?.fence ?? 0 });
    expect(await retry(sql.pool(), id)).toMatchObject({ status: "RUNNING", finished_at: null });
    expect(await readWakeUps(sql, id)).toStrictEqual([]);
    expect(await claim(sql.pool(), worker, [id], { isOrder: true })).toMatchObject([{ outcome: "claimed" }]);
  });
});

/** Runs a free, due job from a position to its end. */
async function runRest(worker: number, id: string, from: number): Promise<void> {
  const { fence, plan } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from, to: plan?.length ?? 0 });
}

describe("from a task", () => {
  test("it and all after it start anew, even COMPLETED and SKIPPED ones, and that is recorded", async () => {
    const { id, worker } = await addCompleted();
    const retried = await retry(sql.pool(), id, { fromTask: "upload[2]", reason: "image 2 was the wrong one" });
    expect(retried).toMatchObject({ status: "RUNNING", finished_at: null });
    const tasks = await readTasks(sql, id);
    expect(tasks.map(({ status, result, attempts }) => [status, result, attempts])).toStrictEqual([
      ["COMPLETED", 1, 1],
      ["COMPLETED", 2, 1],
      ["PENDING", null, 0],
      ["PENDING", null, 0],
      ["PENDING", null, 0],
    ]);
    expect(await auditOf(sql, id)).toMatchObject([
      {
        action: "retry_from_task",
        reason: "image 2 was the wrong one",
        detail: { status: "COMPLETED", task: "upload[2]", completed_tasks_run_again: 3 },
      },
    ]);
    await runRest(worker, id, 3);
    expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED" });

    await sql.rows("select ratchet.retry_job($1, 'create')", [id]);
    await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 5", [id]);
    expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED" });
    await retry(sql.pool(), id, { fromTask: "create" });
    expect(await statuses(sql, id)).toStrictEqual([...Array.from({ length: 4 }, () => "COMPLETED"), "PENDING"]);
    await expectNoViolations(sql);
  });

  test("named by its template is the first of that", async () => {
    const { id } = await addCompleted();
    await retry(sql.pool(), id, { fromTask: "upload" });
    expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "PENDING", "PENDING", "PENDING", "PENDING"]);
    expect(await auditOf(sql, id)).toMatchObject([{ detail: { task: "upload[1]" } }]);
  });

  test("before the one that failed, or that one itself", async () => {
    const { id } = await addFailed(sql, { canRetry: true });
    await retry(sql.pool(), id, { fromTask: "validate" });
    expect(await statuses(sql, id)).toStrictEqual(Array.from({ length: 5 }, () => "PENDING"));
    const other = await addFailed(sql);
    await retry(sql.pool(), other.id, { fromTask: "upload[2]" });
    expect(await statuses(sql, other.id)).toStrictEqual(GOING_ON);
    expect(await auditOf(sql, other.id)).toMatchObject([{ detail: { completed_tasks_run_again: 0 } }]);
  });

  test("which the job has not come to is refused (RT017)", async () => {
    const { id } = await addFailed(sql);
    expect(await errorOf(retry(sql.pool(), id, { fromTask: "create" }))).toMatchObject({
      code: "RT017",
      message: `Job ${id} cannot go on from task "create": task "upload[2]" before it is FAILED.`,
      hint: 'Leave from_task out to go on there, or name "upload[2]" or a task before it. Nothing was changed.',
    });
  });

  test("which there is not is refused, with those there are (RT008)", async () => {
    const { id } = await addFailed(sql);
    expect(await errorOf(retry(sql.pool(), id, { fromTask: "uplaod" }))).toMatchObject({
      code: "RT008",
      message: `Job ${id} has no task "uplaod".`,
      detail: "Its tasks are: validate, upload[1], upload[2], upload[3], create.",
      hint: "Name the task by its key. Nothing was changed.",
    });
    const long = await addPublish(
      sql,
      Array.from({ length: 30 }, () => "x"),
    );
    await cancel(sql.pool(), long.id);
    expect((await errorOf(retry(sql.pool(), long.id, { fromTask: "?" }))).detail).toMatch(/, upload\[19\] …\.$/v);
  });

  test("is the only way out of COMPLETED: by hand it stays refused (RT009)", async () => {
    const { id } = await addCompleted();
    const byHand = sql.rows("update ratchet.tasks set status = 'PENDING' where job_id = $1 and position = 5", [id]);
    expect(await errorOf(byHand)).toMatchObject({ code: "RT009" });
  });
});

describe("is refused", () => {
  const nothing = " Nothing was changed.";

  test("for a job that has not ended (RT017)", async () => {
    const worker = await addWorker(sql);
    const [pending, running, waitingAgain] = [await addPublish(sql), await addPublish(sql), await addPublish(sql)];
    await claimOne(sql, worker, running.id);
    const { fence } = await claimOne(sql, worker, waitingAgain.id);
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [waitingAgain.id], [fence]]);
    for (const [{ id }, status, hint] of [
      [pending, "PENDING", "It has not started yet, and runs by itself."],
      [running, "RUNNING", "Cancel it first."],
      [waitingAgain, "RUNNING", "Cancel it first."],
    ] as const) {
      for (const fromTask of [null, "validate"]) {
        expect(await errorOf(retry(sql.pool(), id, { fromTask }))).toMatchObject({
          code: "RT017",
          message: `Job ${id} is ${status} and cannot be tried again.`,
          hint: hint + nothing,
        });
      }
    }
    expect(await checkpoint(sql.pool(), worker, [{ job: running.id, position: 1, fence: 1, kind: "C" }])).toMatchObject(
      [{ outcome: "written" }],
    );
  });

  test("for a COMPLETED job, unless told from which task on (RT017)", async () => {
    const { id } = await addCompleted();
    expect(await errorOf(retry(sql.pool(), id))).toMatchObject({
      code: "RT017",
      message: `Job ${id} is COMPLETED and cannot be tried again.`,
      hint: `Say from which task on it shall run once more: from_task takes the key of a task.${nothing}`,
    });
  });

  test("for a CANCELLED job of which nothing is left (RT017)", async () => {
    const worker = await addWorker(sql);
    const { id } = await addSingle(sql, { job_key: "replaced" });
    const { fence } = await claimOne(sql, worker, id);
    await addSingle(sql, { job_key: "replaced" });
    await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
    expect(await readJob(sql, id)).toMatchObject({ status: "CANCELLED" });
    expect(await errorOf(retry(sql.pool(), id))).toMatchObject({
      code: "RT017",
      message: `Job ${id} has no task that is left to run.`,
    });
    expect(await retry(sql.pool(), id, { fromTask: "only" })).toMatchObject({ status: "RUNNING", cancelled_at: null });
  });

  test("for a job that went on without a task that was cancelled on its own, unless that one is named (RT017)", async () => {
    const worker = await addWorker(sql);
    const { id } = await addPublish(sql, ["a"]);
    await sql.rows("update ratchet.tasks set status = 'CANCELLED' where job_id = $1 and position = 2", [id]);
    const { fence } = await claimOne(sql, worker, id);
    await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
    await completeTasks(sql, worker, { job: id, fence, from: 3, to: 3 });
    expect(await readJob(sql, id)).toMatchObject({ status: "CANCELLED" });
    expect(await errorOf(retry(sql.pool(), id))).toMatchObject({
      code: "RT017",
      message: `Job ${id} cannot go on at task "upload[1]": tasks after it are COMPLETED.`,
      hint: named(`To run it and all after it: select ratchet.retry_job(${id}, from_task => 'upload[1]');${nothing}`),
    });
    await retry(sql.pool(), id, { fromTask: "upload[1]" });
    expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "PENDING", "PENDING"]);
  });

  test("for a job that could not be planned (RT017)", async () => {
    const id = await sql.value<string>("select ratchet_private.adopt_job('publish', '[]', 4711, null, 0, now())");
    expect(await errorOf(retry(sql.pool(), id))).toMatchObject({
      code: "RT017",
      message: `Job ${id} cannot be tried again: it could not be planned.`,
    });
  });

  test("for a scrubbed job (RT018)", async () => {
    const { id } = await addFailed(sql);
    await scrub(sql.pool(), id);
    for (const fromTask of [null, "validate"]) {
      expect(await errorOf(retry(sql.pool(), id, { fromTask }))).toMatchObject({
        code: "RT018",
        message: `Job ${id} cannot be tried again: its payload was scrubbed.`,
      });
    }
  });

  test("for a job that there is not (RT013)", async () => {
    expect(await errorOf(retry(sql.pool(), "987654321"))).toMatchObject({ code: "RT013" });
  });

  test("for a job whose key another one has by now (RT019)", async () => {
    const { id } = await addPublish(sql, [], { job_key: "taken" });
    await cancel(sql.pool(), id);
    const { id: next } = await addPublish(sql, [], { job_key: "taken" });
    expect(await errorOf(retry(sql.pool(), id))).toMatchObject({
      code: "RT019",
      message: `Job ${id} cannot go on: job ${next} has its key "taken" now and is not finished.`,
      hint: `At most one unfinished job has a key: wait until that one is finished, or cancel it.${nothing}`,
    });
    expect(await readJob(sql, id)).toMatchObject({ status: "CANCELLED" });
    await cancel(sql.pool(), next);
    expect(await retry(sql.pool(), id)).toMatchObject({ status: "PENDING", job_key: "taken" });
    expect(await errorOf(retry(sql.pool(), next))).toMatchObject({ code: "RT019" });
  });
});

describe("a worker that is late", () => {
  test.each([
    ["goes on", null],
    ["starts anew", "upload[1]"],
  ])("can write nothing into a job that %s, not even before its next claim", async (_, fromTask) => {
    const worker = await addWorker(sql);
    const { id } = await addPublish(sql);
    const { fence } = await claimOne(sql, worker, id);
    await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
    await cancel(sql.pool(), id);
    await retry(sql.pool(), id, { fromTask });
    for (const position of [2, 3]) {
      for (const kind of ["R", "C", "F"] as const) {
        expect(await checkpoint(sql.pool(), worker, [{ job: id, position, fence, kind }])).not.toMatchObject([
          { outcome: "written" },
        ]);
      }
    }
    expect(await statuses(sql, id)).toStrictEqual(
      fromTask === null ? GOING_ON : ["COMPLETED", "PENDING", "PENDING", "PENDING", "PENDING"],
    );
  });

  test("that failed the last try can write neither a mark nor another end after a retry", async () => {
    const { id, worker, fence } = await addFailed(sql, { canRetry: true });
    await retry(sql.pool(), id);
    for (const kind of ["R", "C"] as const) {
      expect(await checkpoint(sql.pool(), worker, [{ job: id, position: 3, fence, kind }])).toMatchObject([
        { outcome: "refused" },
      ]);
    }
    // The same failure asked again, as after a lost answer, counts no second time.
    await checkpoint(sql.pool(), worker, [{ job: id, position: 3, fence, kind: "F" }]);
    expect(await statuses(sql, id)).toStrictEqual(GOING_ON);
  });
});

test("brings a wake-up that is spent back to life", async () => {
  const { id } = await addFailed(sql);
  await sql.rows(
    "select graphile_worker.add_job('publish', '{}', job_key => $1, max_attempts => 1, run_at => now() + interval '1 h')",
    [wakeUpKey(id)],
  );
  await sql.rows("update graphile_worker._private_jobs set attempts = 1 where key = $1", [wakeUpKey(id)]);
  await retry(sql.pool(), id);
  expect(await readWakeUps(sql, id)).toHaveLength(1);
});
