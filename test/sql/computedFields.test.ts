import { describe, expect, test } from "vitest";

import { addPublish, addSingle, addWorker, checkpoint, claimOne, completeTasks, runJob, useSql } from "./fixtures.ts";

const sql = useSql();

/** What GraphQL shows of a job besides its columns. */
function computed(id: string) {
  return sql.row(
    `select ratchet.jobs_progress(j) as progress, ratchet.jobs_task_count(j) as tasks,
       ratchet.jobs_finished_task_count(j) as finished, ratchet.jobs_will_retry(j) as will_retry,
       ratchet.jobs_is_final(j) as is_final, (ratchet.jobs_current_task(j)).position as current
     from ratchet.jobs j where j.id = $1`,
    [id],
  );
}

test("jobs_progress counts what is finished or skipped, and of a running task the share it has reported", async () => {
  const { id } = await addPublish(sql);
  expect(await computed(id)).toMatchObject({ progress: 0, tasks: 5, finished: 0, current: 1 });
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
  await checkpoint(sql.pool(), worker, [{ job: id, position: 3, fence, kind: "R" }]);
  expect(await computed(id)).toMatchObject({ progress: 0.4, finished: 2, current: 3 });
  await checkpoint(sql.pool(), worker, [{ job: id, position: 3, fence, kind: "R", progress: 0.5 }]);
  expect(await computed(id)).toMatchObject({ progress: 0.5, finished: 2 });
  await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position > 3", [id]);
  expect(await computed(id)).toMatchObject({ progress: 0.9, finished: 4, current: 3 });
});

describe("jobs_will_retry and jobs_is_final", () => {
  test("tell a failure that is tried again from one for good", async () => {
    const worker = await addWorker(sql);
    const { id } = await addSingle(sql, { max_attempts: 2, retry_delay: "0 s" });
    const first = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence: first.fence, kind: "F" }]);
    expect(await computed(id)).toMatchObject({ will_retry: true, is_final: false, progress: 0, current: 1 });
    const second = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence: second.fence, kind: "F" }]);
    expect(await computed(id)).toMatchObject({ will_retry: false, is_final: true });
  });

  test("are false and true of a completed job, which has no current task", async () => {
    const { id } = await addSingle(sql);
    await runJob(sql, await addWorker(sql), id);
    expect(await computed(id)).toStrictEqual({
      progress: 1,
      tasks: 1,
      finished: 1,
      will_retry: false,
      is_final: true,
      current: null,
    });
  });
});

test("a job without a plan has made no progress", async () => {
  const id = await sql.value<string>("select id from ratchet_private.create_job('by hand', '{}', 'default')");
  expect(await computed(id)).toMatchObject({ progress: 0, tasks: 0, finished: 0, is_final: false, current: null });
});

test("jobs_explanation is explain_job's sentence", async () => {
  const { id } = await addSingle(sql);
  expect(await sql.value("select ratchet.jobs_explanation(j) from ratchet.jobs j where id = $1", [id])).toBe(
    await sql.value("select ratchet.explain_job($1)", [id]),
  );
});
