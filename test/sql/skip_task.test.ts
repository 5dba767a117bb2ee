import { describe, expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import {
  addJob,
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
  untilBlocked,
  pidOf,
  useSql,
  withTwoSessions,
} from "./fixtures.ts";
import { addFailed, auditOf, cancel, expectNoViolations, fail, retry, scrub, skip } from "./orders.ts";

const sql = useSql();

const nothing = " Nothing was changed.";

/** A job of five tasks, of which a worker has done one and is in the second. */
async function addRunning(): Promise<{ id: string; worker: number; fence: number }> {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
  return { id, worker, fence };
}

/** Runs a free job from one task to its end; its task at `without` is SKIPPED. */
async function runRest(worker: number, id: string, { from, without }: { from: number; without?: number }) {
  const { fence, first_position: first } = await claimOne(sql, worker, id);
  expect(first).toBe(from);
  for (let position = from; position <= 5; position++) {
    if (position !== without) {
      await completeTasks(sql, worker, { job: id, fence, from: position, to: position });
    }
  }
  expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED", worker_id: null });
  await expectNoViolations(sql);
}

describe("leaves out", () => {
  test.each([true, false])(
    "a task that has failed, and lets the job go on (it would be retried: %s)",
    async (canRetry) => {
      const { id, worker, fence } = await addFailed(sql, { canRetry });
      const returned = await skip(sql.pool(), id, "upload[2]", "the image is broken");
      expect(returned).toStrictEqual(await readJob(sql, id));
      expect(returned).toMatchObject({
        status: "RUNNING",
        fence: fence + 1,
        worker_id: null,
        next_attempt_at: null,
        finished_at: null,
        cancelled_at: null,
      });
      expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "COMPLETED", "SKIPPED", "PENDING", "PENDING"]);
      expect((await readTasks(sql, id))[2]).toMatchObject({
        fence: fence + 1,
        attempts: 1,
        completed_at: expect.any(Date),
        error_message: null,
        result: null,
      });
      const [wakeUp, ...others] = await readWakeUps(sql, id);
      expect(others).toStrictEqual([]);
      expect(await sql.value("select $1::timestamptz <= now()", [wakeUp?.run_at])).toBe(true);
      expect(await auditOf(sql, id)).toStrictEqual([
        {
          actor: expect.any(String),
          action: "skip_task",
          tenant: "default",
          reason: "the image is broken",
          detail: { task: "upload[2]", task_status: "FAILED", status: "FAILED" },
        },
      ]);
      await runRest(worker, id, { from: 4 });
    },
  );

  test("the task that a worker is in: its claim is lost, and whatever it writes late is refused", async () => {
    const { id, worker, fence } = await addRunning();
    expect(await skip(sql.pool(), id, "upload[1]")).toMatchObject({
      status: "RUNNING",
      worker_id: null,
      fence: fence + 1,
    });
    expect(await readWakeUps(sql, id)).toHaveLength(1);
    const lost = await sql.value("select ratchet_private.lost_claims($1, $2, $3)", [worker, [id], [fence]]);
    expect(lost).toStrictEqual([id]);
    for (const position of [2, 3]) {
      for (const kind of ["R", "C", "F"] as const) {
        const [answer] = await checkpoint(sql.pool(), worker, [{ job: id, position, fence, kind }]);
        expect(answer?.outcome).toBe("refused");
      }
    }
    expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "SKIPPED", "PENDING", "PENDING", "PENDING"]);
    await runRest(worker, id, { from: 3 });
  });

  test("a later task in advance: the worker ends what it is in, and then looks at the plan again", async () => {
    const { id, worker, fence } = await addRunning();
    expect(await skip(sql.pool(), id, "upload[3]")).toMatchObject({ status: "RUNNING", worker_id: worker, fence });
    expect(await sql.value("select ratchet_private.lost_claims($1, $2, $3)", [worker, [id], [fence]])).toStrictEqual(
      [],
    );
    const [late] = await checkpoint(sql.pool(), worker, [{ job: id, position: 4, fence, kind: "C" }]);
    expect(late?.outcome).toBe("refused");
    const [answer] = await checkpoint(sql.pool(), worker, [{ job: id, position: 2, fence, kind: "C", result: 1 }]);
    expect(answer).toMatchObject({ outcome: "written", stop: true });
    await expectNoViolations(sql);
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [id], [fence]]);
    await runRest(worker, id, { from: 3, without: 4 });
  });

  test("a later task of a job that waits for its retry, which it still does", async () => {
    const { id, fence } = await addFailed(sql, { canRetry: true });
    const { next_attempt_at: next } = await readJob(sql, id);
    expect(await skip(sql.pool(), id, "create")).toMatchObject({
      status: "FAILED",
      next_attempt_at: next,
      finished_at: null,
      fence: fence + 1,
    });
    expect((await readWakeUps(sql, id)).map(({ run_at }) => run_at)).toStrictEqual([next]);
  });

  test("a later task of a job that has failed for good, which it still has", async () => {
    const { id, worker } = await addFailed(sql);
    const { finished_at: end } = await readJob(sql, id);
    expect(await skip(sql.pool(), id, "upload[3]")).toMatchObject({ status: "FAILED", finished_at: end });
    await retry(sql.pool(), id);
    await runRest(worker, id, { from: 3, without: 4 });
  });

  test("the first task of a job that has not started, which stays due when it was", async () => {
    const runAt = new Date(Date.now() + 3_600_000);
    const { id } = await addPublish(sql, [], { run_at: runAt });
    expect(await skip(sql.pool(), id, "validate")).toMatchObject({
      status: "PENDING",
      started_at: null,
      run_at: runAt,
    });
    expect((await readWakeUps(sql, id)).map(({ run_at }) => run_at)).toStrictEqual([runAt]);
    await expectNoViolations(sql);
  });

  test("the last task that is left, which completes the job: nothing wakes it any more", async () => {
    const { id } = await addSingle(sql);
    expect(await skip(sql.pool(), id, "only")).toMatchObject({ status: "COMPLETED", started_at: null });
    expect(await readJob(sql, id)).toMatchObject({ finished_at: expect.any(Date) });
    expect(await readWakeUps(sql, id)).toStrictEqual([]);
    const failed = await addFailed(sql);
    await skip(sql.pool(), failed.id, "upload[3]");
    await skip(sql.pool(), failed.id, "create");
    expect(await skip(sql.pool(), failed.id, "upload[2]")).toMatchObject({ status: "COMPLETED" });
    await expectNoViolations(sql);
  });

  test("the task in which a job that was replaced may still end: that job is CANCELLED", async () => {
    const worker = await addWorker(sql);
    const { id } = await addPublish(sql, [], { job_key: "replaced" });
    await claimOne(sql, worker, id);
    const { id: next } = await addPublish(sql, [], { job_key: "replaced" });
    expect(await skip(sql.pool(), id, "validate")).toMatchObject({
      status: "CANCELLED",
      worker_id: null,
      cancel_reason: `replaced by job ${next}`,
    });
    await expectNoViolations(sql);
  });

  test("a task of a job outside the queue, which the program that made it runs on", async () => {
    const id = await sql.value<string>("select id from ratchet_private.create_job('own', '{}', 'default')");
    await sql.rows("select ratchet_private.create_tasks($1, '{one,two}')", [id]);
    expect(await skip(sql.pool(), id, "one")).toMatchObject({ status: "PENDING" });
    expect(await readWakeUps(sql, id)).toStrictEqual([]);
    const [claimed] = await claim(sql.pool(), await addWorker(sql), [id], { isOrder: true });
    expect(claimed).toMatchObject({ outcome: "claimed", first_position: 2 });
    await expectNoViolations(sql);
  });

  test("a task of a job that goes on after its end: its time-out counts anew", async () => {
    const { id } = await addFailed(sql);
    const { id: waiting } = await addFailed(sql, { canRetry: true });
    await sql.rows("update ratchet.jobs set timeout_at = now() + interval '1 h' where id = any ($1)", [[id, waiting]]);
    expect(await skip(sql.pool(), id, "upload[2]")).toMatchObject({ timeout_at: null });
    expect(await skip(sql.pool(), waiting, "upload[2]")).toMatchObject({ timeout_at: expect.any(Date) });
  });
});

describe("is refused, and nothing is changed,", () => {
  test("for a task that has ended (RT023)", async () => {
    const { id } = await addFailed(sql);
    await skip(sql.pool(), id, "create");
    for (const [task, status, hint] of [
      [
        "validate",
        "COMPLETED",
        `To run it and all after it once more: select ratchet.retry_job(${id}, from_task => 'validate');`,
      ],
      ["create", "SKIPPED", "The job goes on without it."],
    ] as const) {
      const before = [await readJob(sql, id), await readTasks(sql, id)];
      expect(await errorOf(skip(sql.pool(), id, task))).toMatchObject({
        code: "RT023",
        message: `Task "${task}" of job ${id} has ended: it is ${status}.`,
        hint: named(hint + nothing),
      });
      expect([await readJob(sql, id), await readTasks(sql, id)]).toStrictEqual(before);
    }
    const { id: cancelled } = await addSingle(sql);
    await cancel(sql.pool(), cancelled);
    expect(await errorOf(skip(sql.pool(), cancelled, "only"))).toMatchObject({
      code: "RT023",
      hint: named(`Let the job go on first: select ratchet.retry_job(${cancelled});${nothing}`),
    });
  });

  test("for a task that there is not (RT008), and for a template that stands for several", async () => {
    const { id } = await addPublish(sql, ["a", "b"]);
    expect(await errorOf(skip(sql.pool(), id, "uplaod[1]"))).toMatchObject({
      code: "RT008",
      message: `Job ${id} has no task "uplaod[1]".`,
      detail: "Its tasks are: validate, upload[1], upload[2], create.",
      hint: `Name the task by its key.${nothing}`,
    });
    expect(await errorOf(skip(sql.pool(), id, "upload"))).toMatchObject({
      code: "RT008",
      hint: `The order is for one task: name it by its key, such as "upload[1]".${nothing}`,
    });
  });

  test("for a job that there is not (RT013), one that was scrubbed (RT018), and one without a plan (RT023)", async () => {
    expect(await errorOf(skip(sql.pool(), "987654321", "only"))).toMatchObject({ code: "RT013" });
    const { id } = await addFailed(sql);
    await scrub(sql.pool(), id);
    expect(await errorOf(skip(sql.pool(), id, "create"))).toMatchObject({ code: "RT018" });
    const adopted = await sql.value<string>(
      "select ratchet_private.adopt_job('publish', '{\"images\": 1}', 4711, null, 0, now())",
    );
    expect(await errorOf(skip(sql.pool(), adopted, "plan"))).toMatchObject({ code: "RT023" });
  });

  test("where another job has the key of one that would go on (RT019)", async () => {
    const worker = await addWorker(sql);
    const { id } = await addJob(sql.pool(), { identifier: "publish", payload: { images: [] }, job_key: "gone on" });
    const { fence } = await claimOne(sql, worker, id);
    await fail(sql, worker, { job: id, position: 1, fence, canRetry: false });
    const { id: next } = await addPublish(sql, [], { job_key: "gone on" });
    expect(await errorOf(skip(sql.pool(), id, "validate"))).toMatchObject({
      code: "RT019",
      message: `Job ${id} cannot go on: job ${next} has its key "gone on" now and is not finished.`,
    });
    expect(await statuses(sql, id)).toStrictEqual(["FAILED", "PENDING"]);
    // What finishes the job as well needs no key.
    await skip(sql.pool(), id, "create");
    expect(await skip(sql.pool(), id, "validate")).toMatchObject({ status: "COMPLETED" });
  });
});

describe("two at once", () => {
  /** Orders a skip of the second task while its end is being written. */
  async function expectTooLate({ id, worker, fence }: Awaited<ReturnType<typeof addRunning>>): Promise<void> {
    await withTwoSessions(sql, async (engine, operator) => {
      const pid = await pidOf(operator);
      await engine.query("begin");
      await checkpoint(engine, worker, [{ job: id, position: 2, fence, kind: "C" }]);
      const refusal = errorOf(skip(operator, id, "upload[1]"));
      await untilBlocked(sql, pid);
      await engine.query("commit");
      expect(await refusal).toMatchObject({ code: "RT023" });
    });
  }

  test("the end of a task that is being written is waited for: then it is too late to skip it", async () => {
    const { id, worker, fence } = await addRunning();
    await expectTooLate({ id, worker, fence });
    await expectNoViolations(sql);
  });

  test("so is that of a task behind one that was set back by hand", async () => {
    const worker = await addWorker(sql);
    const { id } = await addPublish(sql);
    await skip(sql.pool(), id, "validate");
    const { fence } = await claimOne(sql, worker, id);
    await sql.rows("update ratchet.tasks set status = 'PENDING' where job_id = $1 and position = 1", [id]);
    await expectTooLate({ id, worker, fence });
    await sql.rows("delete from ratchet.jobs where id = $1", [id]);
  });

  test("a task that its worker reaches meanwhile is taken from it", async () => {
    const { id, worker, fence } = await addRunning();
    await withTwoSessions(sql, async (engine, operator) => {
      const pid = await pidOf(operator);
      await engine.query("begin");
      await checkpoint(engine, worker, [{ job: id, position: 2, fence, kind: "C" }]);
      const skipped = skip(operator, id, "upload[2]");
      await untilBlocked(sql, pid);
      await engine.query("commit");
      expect(await skipped).toMatchObject({ worker_id: null, fence: fence + 1 });
    });
    await runRest(worker, id, { from: 4 });
  });

  test("the second order about one task is told that it has ended", async () => {
    const { id } = await addRunning();
    await withTwoSessions(sql, async (first, second) => {
      const pid = await pidOf(second);
      await first.query("begin");
      await skip(first, id, "upload[1]");
      const refusal = errorOf(skip(second, id, "upload[1]"));
      await untilBlocked(sql, pid);
      await first.query("commit");
      expect(await refusal).toMatchObject({ code: "RT023" });
    });
  });

  test("a completed job stays completed", async () => {
    const worker = await addWorker(sql);
    const { id } = await addSingle(sql);
    await runJob(sql, worker, id);
    expect(await errorOf(skip(sql.pool(), id, "only"))).toMatchObject({ code: "RT023" });
  });
});
