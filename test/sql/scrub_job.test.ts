import { expect, test } from "vitest";

import {
  addPublish,
  addSingle,
  addWorker,
  claim,
  claimOne,
  completeTasks,
  errorOf,
  pidOf,
  readJob,
  readTasks,
  runJob,
  type Task,
  untilBlocked,
  useSql,
  withTwoSessions,
} from "./fixtures.ts";
import { auditOf, cancel, expectNoViolations, fail, retry, scrub } from "./orders.ts";

const sql = useSql();

function scrubbedTask(task: Task): Task {
  return { ...task, input: null, result: null, error_message: task.status === "FAILED" ? "scrubbed" : null };
}

test("takes out whatever a job was given, returned or said, and leaves its history", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql, ["alice.jpg", "b"], { payload: { images: ["alice.jpg", "b"], name: "Alice" } });
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
  await sql.rows("select ratchet_private.checkpoint($1, $2, $3, $4, $5, $6, $7, $8, $9)", [
    worker,
    [id],
    [3],
    [fence],
    ["F"],
    [5],
    [null],
    [null],
    JSON.stringify([
      {
        item: 1,
        job_id: id,
        position: 3,
        fence,
        elapsed_ms: 5,
        counted: true,
        can_retry: false,
        error_name: "TypeError",
        error_message: "no such user: Alice",
        error_code: "ENOENT",
        error_stack: "at Alice",
      },
    ]),
  ]);
  const before = { job: await readJob(sql, id), tasks: await readTasks(sql, id) };
  const scrubbed = await scrub(sql.pool(), id, "Alice asked for it");
  expect(scrubbed).toStrictEqual({ ...before.job, payload: {}, scrubbed_at: expect.any(Date) });
  expect(await readJob(sql, id)).toStrictEqual(scrubbed);
  expect(await readTasks(sql, id)).toStrictEqual(before.tasks.map((task) => scrubbedTask(task)));
  expect(await sql.rows("select * from ratchet.task_failures where job_id = $1", [id])).toMatchObject([
    { error_name: "TypeError", error_message: "scrubbed", error_code: "ENOENT", error_stack: null, attempt: 1 },
  ]);
  expect(await auditOf(sql, id)).toMatchObject([
    { action: "scrub", reason: "Alice asked for it", detail: { status: "FAILED" } },
  ]);
  const everything = await sql.value(
    `select coalesce(string_agg(x, ' '), '') from (
       select j::text as x from ratchet.jobs j where id = $1
       union all select t::text from ratchet.tasks t where job_id = $1
       union all select f::text from ratchet.task_failures f where job_id = $1) a`,
    [id],
  );
  expect(everything).not.toMatch(/alice/iv);
  await expectNoViolations(sql);
});

test("a job that could not be planned, whose payload is no object, as well", async () => {
  const id = await sql.value<string>(
    "select ratchet_private.adopt_job('publish', '[\"Alice\"]', 4711, null, 0, now())",
  );
  expect(await scrub(sql.pool(), id)).toMatchObject({ payload: {} });
  expect(await readTasks(sql, id)).toMatchObject([{ status: "FAILED", error_message: "scrubbed" }]);
});

test("twice changes nothing", async () => {
  const { id } = await addPublish(sql);
  await cancel(sql.pool(), id);
  const first = await scrub(sql.pool(), id, "first");
  expect(await scrub(sql.pool(), id, "second")).toStrictEqual(first);
  expect(await auditOf(sql, id)).toMatchObject([{ action: "cancel" }, { action: "scrub", reason: "first" }]);
});

test("a job that is not finished is refused (RT020), one that there is not too (RT013)", async () => {
  const worker = await addWorker(sql);
  const [pending, failed] = [await addPublish(sql), await addPublish(sql)];
  const { fence } = await claimOne(sql, worker, failed.id);
  await fail(sql, worker, { job: failed.id, position: 1, fence });
  for (const [{ id }, status] of [
    [pending, "PENDING"],
    [failed, "FAILED"],
  ] as const) {
    expect(await errorOf(scrub(sql.pool(), id))).toMatchObject({
      code: "RT020",
      message: `Job ${id} is ${status} and cannot be scrubbed before its end.`,
      hint: "Wait for its end, or cancel it first. Nothing was changed.",
    });
  }
  expect(await errorOf(scrub(sql.pool(), "987654321"))).toMatchObject({ code: "RT013" });
});

test("what was scrubbed never runs again: not by hand, and not by the program that made it", async () => {
  const worker = await addWorker(sql);
  const { id } = await addSingle(sql);
  await cancel(sql.pool(), id);
  await scrub(sql.pool(), id);
  const byHand = sql.rows("update ratchet.tasks set status = 'PENDING' where job_id = $1", [id]);
  expect(await errorOf(byHand)).toMatchObject({
    code: "RT018",
    message: `Task 1 of job ${id} cannot be set to PENDING: the job was scrubbed.`,
  });

  const own = await sql.value<string>("select (ratchet_private.create_job('own', '{}', 'default')).id");
  await sql.rows("select ratchet_private.create_tasks($1, array['a'])", [own]);
  const [claimed] = await claim(sql.pool(), worker, [own], { isOrder: true });
  await fail(sql, worker, { job: own, position: 1, fence: claimed?.fence ?? 0 });
  await scrub(sql.pool(), own);
  expect(await claim(sql.pool(), worker, [own], { isOrder: true })).toMatchObject([{ outcome: "finished" }]);
});

test("a scrub that waits for a retry is refused, a retry that waits for a scrub too", async () => {
  const [one, two] = [await addPublish(sql), await addPublish(sql)];
  await cancel(sql.pool(), one.id);
  await cancel(sql.pool(), two.id);
  await withTwoSessions(sql, async (first, second) => {
    const pid = await pidOf(second);
    await first.query("begin");
    await retry(first, one.id);
    const scrubRefused = errorOf(scrub(second, one.id));
    await untilBlocked(sql, pid);
    await first.query("commit");
    expect(await scrubRefused).toMatchObject({ code: "RT020" });

    await first.query("begin");
    await scrub(first, two.id);
    const retryRefused = errorOf(retry(second, two.id));
    await untilBlocked(sql, pid);
    await first.query("commit");
    expect(await retryRefused).toMatchObject({ code: "RT018" });
  });
});

test("a COMPLETED job keeps its counts and times", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  await runJob(sql, worker, id);
  const tasks = await readTasks(sql, id);
  expect(await scrub(sql.pool(), id)).toMatchObject({ status: "COMPLETED" });
  expect(await readTasks(sql, id)).toStrictEqual(tasks.map((task) => scrubbedTask(task)));
});
