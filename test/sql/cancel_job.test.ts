import { describe, expect, test } from "vitest";

import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  completeTasks,
  errorOf,
  type Job,
  pidOf,
  readJob,
  readTasks,
  readWakeUps,
  runJob,
  statuses,
  untilBlocked,
  useSql,
  withTwoSessions,
} from "./fixtures.ts";
import { auditOf, cancel, expectNoViolations, fail } from "./orders.ts";

const sql = useSql();

test("a job that has not started is CANCELLED with all its tasks, and nothing wakes it", async () => {
  const { id } = await addPublish(sql);
  const returned = await cancel(sql.pool(), id, "wrong listing");
  expect(returned).toStrictEqual(await readJob(sql, id));
  expect(returned).toMatchObject({
    status: "CANCELLED",
    fence: 1,
    cancel_reason: "wrong listing",
    cancelled_at: expect.any(Date),
    finished_at: expect.any(Date),
    worker_id: null,
    started_at: null,
  });
  const tasks = await readTasks(sql, id);
  expect(tasks.map(({ status, fence }) => [status, fence])).toStrictEqual(tasks.map(() => ["CANCELLED", 1]));
  expect(await readWakeUps(sql, id)).toStrictEqual([]);
  const actor = await sql.value("select session_user::text");
  expect(await auditOf(sql, id)).toStrictEqual([
    { actor, action: "cancel", tenant: "default", reason: "wrong listing", detail: { status: "PENDING" } },
  ]);
});

test("a running job: what is COMPLETED stays, the rest is CANCELLED, and its worker can write no more", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
  expect(await cancel(sql.pool(), id)).toMatchObject({ status: "CANCELLED", worker_id: null, cancel_reason: null });
  expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "COMPLETED", "CANCELLED", "CANCELLED", "CANCELLED"]);
  for (const kind of ["R", "C", "F"] as const) {
    expect(await checkpoint(sql.pool(), worker, [{ job: id, position: 3, fence, kind }])).toMatchObject([
      { outcome: "refused" },
    ]);
  }
  expect(await sql.value("select ratchet_private.hand_back($1, $2, $3)", [worker, [id], [fence]])).toBe(0);
  expect(await claim(sql.pool(), worker, [id])).toMatchObject([{ outcome: "finished" }]);
  await expectNoViolations(sql);
});

test("a job that waits for its next try is CANCELLED, with its failure kept", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql, []);
  const { fence } = await claimOne(sql, worker, id);
  await fail(sql, worker, { job: id, position: 1, fence });
  expect(await readJob(sql, id)).toMatchObject({ status: "FAILED", finished_at: null });
  expect(await cancel(sql.pool(), id, "no use")).toMatchObject({ status: "CANCELLED", next_attempt_at: null });
  expect(await readTasks(sql, id)).toMatchObject([
    { status: "CANCELLED", error_message: null, attempts: 1 },
    { status: "CANCELLED" },
  ]);
  expect(await sql.value("select count(*)::int from ratchet.task_failures where job_id = $1", [id])).toBe(1);
  expect(await readWakeUps(sql, id)).toStrictEqual([]);
});

test("a job that a newer one has replaced does not go on to the end of its try, and keeps the first reason", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql, [], { job_key: "replaced" });
  const { fence } = await claimOne(sql, worker, id);
  const { id: next } = await addPublish(sql, [], { job_key: "replaced" });
  expect(await cancel(sql.pool(), id)).toMatchObject({
    status: "CANCELLED",
    cancel_reason: `replaced by job ${next}`,
    finished_at: expect.any(Date),
  });
  expect(await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "C" }])).toMatchObject([
    { outcome: "refused" },
  ]);
});

describe("a job outside the queue", () => {
  const create = (): Promise<string> =>
    sql.value<string>("select (ratchet_private.create_job('own', '{}', 'default')).id");

  test("is CANCELLED like any other", async () => {
    const id = await create();
    await sql.rows("select ratchet_private.create_tasks($1, array['a', 'b'])", [id]);
    expect(await cancel(sql.pool(), id)).toMatchObject({ status: "CANCELLED" });
    expect(await statuses(sql, id)).toStrictEqual(["CANCELLED", "CANCELLED"]);
  });

  test("without a plan is CANCELLED, and takes no plan any more (RT016)", async () => {
    const id = await create();
    expect(await cancel(sql.pool(), id)).toMatchObject({ status: "CANCELLED" });
    expect(await errorOf(sql.rows("select ratchet_private.create_tasks($1, array['a'])", [id]))).toMatchObject({
      code: "RT016",
      message: `Job ${id} has ended as CANCELLED and takes no plan.`,
    });
    await expectNoViolations(sql);
  });
});

test("what has been CANCELLED already stays as it is", async () => {
  const { id } = await addPublish(sql, []);
  const first = await cancel(sql.pool(), id, "first");
  expect(await cancel(sql.pool(), id, "second")).toStrictEqual(first);
  expect(await auditOf(sql, id)).toHaveLength(1);
});

describe("is refused", () => {
  test("for a job that has ended otherwise (RT016)", async () => {
    const worker = await addWorker(sql);
    const [completed, failed] = [await addSingle(sql), await addSingle(sql)];
    await runJob(sql, worker, completed.id);
    const { fence } = await claimOne(sql, worker, failed.id);
    await fail(sql, worker, { job: failed.id, position: 1, fence, canRetry: false });
    for (const [{ id }, status] of [
      [completed, "COMPLETED"],
      [failed, "FAILED"],
    ] as const) {
      expect(await errorOf(cancel(sql.pool(), id))).toMatchObject({
        code: "RT016",
        message: `Job ${id} has ended as ${status} and cannot be cancelled.`,
        hint: "Nothing of it will run by itself. Nothing was changed.",
      });
      expect(await auditOf(sql, id)).toStrictEqual([]);
    }
  });

  test("for a job that there is not (RT013)", async () => {
    expect(await errorOf(cancel(sql.pool(), "987654321"))).toMatchObject({
      code: "RT013",
      message: "There is no job 987654321.",
    });
  });
});

describe("two sessions", () => {
  test("a cancel waits for a checkpoint under way, and cancels what that has left", async () => {
    const worker = await addWorker(sql);
    const { id } = await addPublish(sql, []);
    const { fence } = await claimOne(sql, worker, id);
    await withTwoSessions(sql, async (engine, operator) => {
      await engine.query("begin");
      await checkpoint(engine, worker, [{ job: id, position: 1, fence, kind: "C" }]);
      const pid = await pidOf(operator);
      const cancelled = cancel(operator, id);
      await untilBlocked(sql, pid);
      await engine.query("commit");
      expect(await cancelled).toMatchObject({ status: "CANCELLED" });
    });
    expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "CANCELLED"]);
    await expectNoViolations(sql);
  });

  test("a cancel that waits for the last checkpoint finds the job COMPLETED (RT016)", async () => {
    const worker = await addWorker(sql);
    const { id } = await addSingle(sql);
    const { fence } = await claimOne(sql, worker, id);
    await withTwoSessions(sql, async (engine, operator) => {
      await engine.query("begin");
      await checkpoint(engine, worker, [{ job: id, position: 1, fence, kind: "C" }]);
      const pid = await pidOf(operator);
      const refused = errorOf(cancel(operator, id));
      await untilBlocked(sql, pid);
      await engine.query("commit");
      expect(await refused).toMatchObject({ code: "RT016" });
    });
    expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED", cancelled_at: null });
  });

  test("a checkpoint that waits for a cancel is refused", async () => {
    const worker = await addWorker(sql);
    const { id } = await addPublish(sql, []);
    const { fence } = await claimOne(sql, worker, id);
    await withTwoSessions(sql, async (operator, engine) => {
      await operator.query("begin");
      await cancel(operator, id);
      const pid = await pidOf(engine);
      const written = checkpoint(engine, worker, [{ job: id, position: 1, fence, kind: "C" }]);
      await untilBlocked(sql, pid);
      await operator.query("commit");
      expect(await written).toMatchObject([{ outcome: "refused" }]);
    });
    expect(await statuses(sql, id)).toStrictEqual(["CANCELLED", "CANCELLED"]);
  });

  test("a claim during a cancel passes the job over; a cancel during a claim takes the job from it", async () => {
    const worker = await addWorker(sql);
    const [one, two] = [await addPublish(sql, []), await addPublish(sql, [])];
    await withTwoSessions(sql, async (operator, engine) => {
      await operator.query("begin");
      await cancel(operator, one.id);
      expect(await claim(engine, worker, [one.id])).toMatchObject([{ outcome: "locked" }]);
      await operator.query("commit");
      expect(await claim(engine, worker, [one.id])).toMatchObject([{ outcome: "finished" }]);

      await engine.query("begin");
      const [claimed] = await claim(engine, worker, [two.id]);
      const pid = await pidOf(operator);
      const cancelled = cancel(operator, two.id);
      await untilBlocked(sql, pid);
      await engine.query("commit");
      expect((await cancelled).fence).toBeGreaterThan(claimed?.fence ?? 0);
    });
    expect(await statuses(sql, two.id)).toStrictEqual(["CANCELLED", "CANCELLED"]);
    await expectNoViolations(sql);
  });

  test("two cancels at once: the second changes nothing", async () => {
    const { id } = await addPublish(sql, []);
    const [first, second] = await withTwoSessions(sql, async (one, two) => {
      await one.query("begin");
      const done = await cancel(one, id, "one");
      const pid = await pidOf(two);
      const waiting = cancel(two, id, "two");
      await untilBlocked(sql, pid);
      await one.query("commit");
      return [done, await waiting] as [Job, Job];
    });
    expect(second).toStrictEqual(first);
    expect(await auditOf(sql, id)).toMatchObject([{ reason: "one" }]);
  });

  test("a cancel that is rolled back leaves no trace", async () => {
    const { id } = await addPublish(sql, []);
    const before = await readJob(sql, id);
    await withTwoSessions(sql, async (one) => {
      await one.query("begin");
      await cancel(one, id);
      await one.query("rollback");
    });
    expect(await readJob(sql, id)).toStrictEqual(before);
    expect(await readWakeUps(sql, id)).toHaveLength(1);
    expect(await auditOf(sql, id)).toStrictEqual([]);
  });
});

test("a locked wake-up is spent, and the sweep takes it away", async () => {
  const { id } = await addPublish(sql, []);
  await sql.rows(
    "update graphile_worker._private_jobs set locked_by = 'pool', locked_at = now() where key = 'ratchet:' || $1::text",
    [id],
  );
  await cancel(sql.pool(), id);
  expect(await readWakeUps(sql, id)).toStrictEqual([]);
});
