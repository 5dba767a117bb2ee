import { describe, expect, test } from "vitest";

import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claimOne,
  completeTasks,
  errorOf,
  pidOf,
  readJob,
  readTasks,
  readWakeUps,
  statuses,
  untilBlocked,
  useSql,
  withTwoSessions,
} from "./fixtures.ts";
import { addFailed, auditOf, complete, expectNoViolations, retry, scrub, skip } from "./orders.ts";

const sql = useSql();

const nothing = " Nothing was changed.";

describe("completes by hand", () => {
  test.each([true, false])("the task that failed, and the job goes on (it would be retried: %s)", async (canRetry) => {
    const { id, worker, fence } = await addFailed(sql, { canRetry });
    const result = { url: "https://images.example/2.jpg" };
    const returned = await complete(sql.pool(), id, "upload[2]", { result, reason: "uploaded it myself" });
    expect(returned).toStrictEqual(await readJob(sql, id));
    expect(returned).toMatchObject({ status: "RUNNING", fence: fence + 1, next_attempt_at: null, finished_at: null });
    expect((await readTasks(sql, id))[2]).toMatchObject({
      status: "COMPLETED",
      fence: fence + 1,
      attempts: 1,
      result,
      error_message: null,
      started_at: expect.any(Date),
      completed_at: expect.any(Date),
    });
    expect(await readWakeUps(sql, id)).toHaveLength(1);
    expect(await auditOf(sql, id)).toMatchObject([
      {
        action: "complete_task",
        reason: "uploaded it myself",
        detail: { task: "upload[2]", task_status: "FAILED", status: "FAILED" },
      },
    ]);
    const read = await sql.rows("select * from ratchet_private.read_results($1, 'upload', 5)", [id]);
    expect(read).toMatchObject([
      { result: "2" },
      { result: '{"url": "https://images.example/2.jpg"}' },
      { result: null },
    ]);
    const claimed = await claimOne(sql, worker, id);
    expect(claimed).toMatchObject({ first_position: 4 });
    await completeTasks(sql, worker, { job: id, fence: claimed.fence, from: 4, to: 5 });
    expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED" });
    await expectNoViolations(sql);
  });

  test("the task that a worker is in: nothing that worker writes counts, not even the same end", async () => {
    const worker = await addWorker(sql);
    const { id } = await addPublish(sql);
    const { fence } = await claimOne(sql, worker, id);
    expect(await complete(sql.pool(), id, "validate", { result: "by hand" })).toMatchObject({ worker_id: null });
    for (const position of [1, 2]) {
      for (const kind of ["R", "C", "F"] as const) {
        const [answer] = await checkpoint(sql.pool(), worker, [{ job: id, position, fence, kind, result: "by hand" }]);
        expect(answer?.outcome).toBe("refused");
      }
    }
    expect((await readTasks(sql, id))[0]).toMatchObject({ status: "COMPLETED", result: "by hand", attempts: 0 });
    expect(await claimOne(sql, worker, id)).toMatchObject({ first_position: 2 });
    await expectNoViolations(sql);
  });

  test("the last task, which completes the job; one that has not started keeps its time", async () => {
    const { id } = await addSingle(sql);
    expect(await complete(sql.pool(), id, "only")).toMatchObject({ status: "COMPLETED" });
    expect((await readTasks(sql, id))[0]).toMatchObject({ result: null, attempts: 0 });
    expect(await readWakeUps(sql, id)).toStrictEqual([]);
    const runAt = new Date(Date.now() + 3_600_000);
    const { id: later } = await addPublish(sql, [], { run_at: runAt });
    expect(await complete(sql.pool(), later, "validate", { result: [1] })).toMatchObject({
      status: "PENDING",
      run_at: runAt,
    });
    await expectNoViolations(sql);
  });

  test("tasks after those that were skipped, and a retry from there takes both back", async () => {
    const { id } = await addFailed(sql);
    await skip(sql.pool(), id, "upload[2]");
    await skip(sql.pool(), id, "create");
    expect(await complete(sql.pool(), id, "upload[3]", { result: 3 })).toMatchObject({ status: "COMPLETED" });
    expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "COMPLETED", "SKIPPED", "COMPLETED", "SKIPPED"]);
    await expectNoViolations(sql);
    await retry(sql.pool(), id, { fromTask: "upload[2]" });
    expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "COMPLETED", "PENDING", "PENDING", "PENDING"]);
    expect((await readTasks(sql, id))[3]).toMatchObject({ result: null });
    await expectNoViolations(sql);
  });

  test.each([null, false, 0, "", "text", [], {}, [{ deep: [null] }]])(
    "with any JSON value as its result: %j",
    async (result) => {
      const { id } = await addSingle(sql);
      await complete(sql.pool(), id, "only", { result });
      expect((await readTasks(sql, id))[0]?.result).toStrictEqual(result);
    },
  );
});

describe("is refused, and nothing is changed,", () => {
  test("for a task before which another one has not ended (RT024)", async () => {
    const { id } = await addFailed(sql);
    const before = [await readJob(sql, id), await readTasks(sql, id)];
    expect(await errorOf(complete(sql.pool(), id, "create"))).toMatchObject({
      code: "RT024",
      message: `Task "create" of job ${id} cannot be completed yet: task "upload[2]" before it is FAILED.`,
      hint: `Tasks end in order: wait for "upload[2]", complete it or skip it first. To leave "create" out in advance, skip it.${nothing}`,
    });
    expect([await readJob(sql, id), await readTasks(sql, id)]).toStrictEqual(before);
  });

  test("for a result that is too large (RT006)", async () => {
    const { id } = await addSingle(sql);
    await complete(sql.pool(), (await addSingle(sql)).id, "only", { result: "x".repeat(1_048_574) });
    expect(await errorOf(complete(sql.pool(), id, "only", { result: "x".repeat(1_048_575) }))).toMatchObject({
      code: "RT006",
      message: "result has 1048577 bytes as JSON; 1048576 are the most.",
      hint: `Keep the data elsewhere and give a reference to it.${nothing}`,
    });
    expect(await statuses(sql, id)).toStrictEqual(["PENDING"]);
  });

  test("for a task that has ended (RT023), one that there is not (RT008), and a scrubbed job (RT018)", async () => {
    const { id } = await addFailed(sql);
    expect(await errorOf(complete(sql.pool(), id, "validate"))).toMatchObject({ code: "RT023" });
    expect(await errorOf(complete(sql.pool(), id, "gone"))).toMatchObject({ code: "RT008" });
    await scrub(sql.pool(), id);
    expect(await errorOf(complete(sql.pool(), id, "upload[2]"))).toMatchObject({ code: "RT018" });
  });
});

test("of an operator and a worker that end the same task at once, the first one counts", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  const { fence } = await claimOne(sql, worker, id);
  const item = { job: id, position: 1, fence, kind: "C", result: "by the worker" } as const;
  await withTwoSessions(sql, async (operator, engine) => {
    const pid = await pidOf(engine);
    await operator.query("begin");
    await complete(operator, id, "validate", { result: "by hand" });
    const answer = checkpoint(engine, worker, [item]);
    await untilBlocked(sql, pid);
    await operator.query("commit");
    expect((await answer)[0]?.outcome).toBe("refused");
  });
  expect((await readTasks(sql, id))[0]?.result).toBe("by hand");

  const second = await claimOne(sql, worker, id);
  await withTwoSessions(sql, async (engine, operator) => {
    const pid = await pidOf(operator);
    await engine.query("begin");
    await checkpoint(engine, worker, [{ ...item, position: 2, fence: second.fence }]);
    const refusal = errorOf(complete(operator, id, "upload[1]", { result: "by hand" }));
    await untilBlocked(sql, pid);
    await engine.query("commit");
    expect(await refusal).toMatchObject({ code: "RT023" });
  });
  expect((await readTasks(sql, id))[1]?.result).toBe("by the worker");
  await expectNoViolations(sql);
});
