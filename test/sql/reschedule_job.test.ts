import { describe, expect, test } from "vitest";

import {
  addPublish,
  addSingle,
  addWorker,
  claim,
  claimOne,
  errorOf,
  pidOf,
  readJob,
  readWakeUps,
  register,
  runJob,
  single,
  untilBlocked,
  useSql,
  withTwoSessions,
} from "./fixtures.ts";
import { addFailed, auditOf, cancel, expectNoViolations, reschedule } from "./orders.ts";

const sql = useSql();

const LATER = "2099-01-01T10:00:00Z";
const nothing = " Nothing was changed.";

test("a job that has not started runs at the new time, which its wake-up has too", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  const before = await readJob(sql, id);
  const returned = await reschedule(sql.pool(), id, { runAt: LATER, reason: "the shop is closed" });
  expect(returned).toStrictEqual({ ...before, run_at: new Date(LATER) });
  expect(returned).toStrictEqual(await readJob(sql, id));
  expect(await readWakeUps(sql, id)).toMatchObject([{ run_at: new Date(LATER) }]);
  expect(await claim(sql.pool(), worker, [id])).toMatchObject([{ outcome: "not due" }]);
  expect(await auditOf(sql, id)).toMatchObject([
    {
      action: "reschedule",
      reason: "the shop is closed",
      detail: {
        status: "PENDING",
        run_at: expect.stringContaining("2099-01-01T10:00"),
        run_at_before: expect.any(String),
      },
    },
  ]);

  await reschedule(sql.pool(), id, { runAt: "now" });
  const [wakeUp, ...others] = await readWakeUps(sql, id);
  expect(others).toStrictEqual([]);
  expect(await sql.value("select $1::timestamptz <= now()", [wakeUp?.run_at])).toBe(true);
  await runJob(sql, worker, id);
  await expectNoViolations(sql);
});

test("of a job that waits for its next try it is the time of that try", async () => {
  const { id, worker } = await addFailed(sql, { canRetry: true });
  const { run_at: runAt } = await readJob(sql, id);
  expect(await reschedule(sql.pool(), id, { runAt: LATER })).toMatchObject({
    status: "FAILED",
    run_at: runAt,
    next_attempt_at: new Date(LATER),
    finished_at: null,
  });
  expect(await claim(sql.pool(), worker, [id])).toMatchObject([{ outcome: "not due" }]);
  await reschedule(sql.pool(), id, { runAt: "now" });
  expect(await claimOne(sql, worker, id)).toMatchObject({ first_position: 3 });
  await expectNoViolations(sql);
});

test("the priority alone leaves the time as it is, and the wake-up has it", async () => {
  const { id } = await addSingle(sql, { run_at: LATER });
  expect(await reschedule(sql.pool(), id, { priority: -5 })).toMatchObject({ priority: -5, run_at: new Date(LATER) });
  expect(await readWakeUps(sql, id)).toMatchObject([{ priority: -5, run_at: new Date(LATER) }]);
  expect(await auditOf(sql, id)).toMatchObject([{ detail: { status: "PENDING", priority: -5, priority_before: 0 } }]);
});

test("a claim under way comes first, and the order is refused", async () => {
  const worker = await addWorker(sql);
  const { id } = await addSingle(sql);
  await withTwoSessions(sql, async (one, two) => {
    await one.query("begin");
    await claim(one, worker, [id]);
    const pid = await pidOf(two);
    const order = errorOf(reschedule(two, id, { runAt: LATER }));
    await untilBlocked(sql, pid);
    await one.query("commit");
    expect(await order).toMatchObject({ code: "RT025" });
  });
  expect(await readWakeUps(sql, id)).not.toMatchObject([{ run_at: new Date(LATER) }]);
});

describe("is refused, and nothing is changed,", () => {
  test("for a job that a worker has, is outside the queue, or has ended", async () => {
    const worker = await addWorker(sql);
    const { id: running } = await addSingle(sql);
    await claimOne(sql, worker, running);
    expect(await errorOf(reschedule(sql.pool(), running, { runAt: LATER }))).toMatchObject({
      code: "RT025",
      message: `Job ${running} is running: a worker has it.`,
      hint: `Wait until it has ended or waits for its next try, or cancel it.${nothing}`,
    });
    const outside = await sql.value<string>("select id from ratchet_private.create_job('by hand', '{}', 'default')");
    expect(await errorOf(reschedule(sql.pool(), outside, { runAt: LATER }))).toMatchObject({ code: "RT025" });
    await cancel(sql.pool(), running);
    expect(await errorOf(reschedule(sql.pool(), running, { runAt: LATER }))).toMatchObject({
      code: "RT016",
      message: `Job ${running} has ended as CANCELLED and has no time to run at.`,
    });
    expect(await auditOf(sql, running)).toMatchObject([{ action: "cancel" }]);
  });

  test("for a time that a job which has started could not use, because of its time-out", async () => {
    await register(sql, [single({ identifier: "limited", version: "l1", timeout: "1 h" })]);
    const worker = await addWorker(sql, ["l1"]);
    const { id } = await addSingle(sql, { identifier: "limited" });
    const [claimed] = await claim(sql.pool(), worker, [id], { versions: ["l1"] });
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [id], [claimed?.fence]]);
    expect(await errorOf(reschedule(sql.pool(), id, { runAt: LATER }))).toMatchObject({
      code: "RT025",
      message: expect.stringContaining(`Job ${id} would not run at 2099-01-01`),
    });
    expect(await reschedule(sql.pool(), id, { runAt: "now" })).toMatchObject({ status: "RUNNING" });
  });

  test.each([
    [{}, "Neither run_at nor priority is given."],
    [{ runAt: "infinity" }, "run_at must be in the years 1 to 9999 and is infinity."],
    [{ runAt: "10000-01-01Z" }, "run_at must be in the years 1 to 9999"],
    [{ priority: 40_000 }, "priority must be between -32768 and 32767 and is 40000."],
  ])("for %j", async (given, message) => {
    const { id } = await addSingle(sql);
    const before = await readJob(sql, id);
    expect(await errorOf(reschedule(sql.pool(), id, given))).toMatchObject({
      code: "RT006",
      message: expect.stringContaining(message),
    });
    expect(await readJob(sql, id)).toStrictEqual(before);
  });

  test("for a job that does not exist", async () => {
    expect(await errorOf(reschedule(sql.pool(), "999999", { runAt: "now" }))).toMatchObject({ code: "RT013" });
  });
});
