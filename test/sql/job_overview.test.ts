import { expect, test } from "vitest";

import { addPublish, addSingle, addWorker, checkpoint, claimOne, completeTasks, runJob, useSql } from "./fixtures.ts";

const sql = useSql();

/** The view's line of a job. */
function overviewOf(id: string): Promise<Record<string, unknown>> {
  return sql.row("select * from ratchet.job_overview where id = $1", [id]);
}

test("a job that has not started is due at its first task", async () => {
  const { id } = await addPublish(sql);
  expect(await overviewOf(id)).toMatchObject({
    id,
    identifier: "publish",
    status: "PENDING",
    progress: "----- 0/5",
    task_or_error: "Validate product",
    next: "due",
  });
});

test("a job that runs is at its first task that is not finished", async () => {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
  expect(await overviewOf(id)).toMatchObject({
    status: "RUNNING",
    progress: "##--- 2/5",
    task_or_error: "Upload image 2/3",
    next: "",
  });
});

test("a job that failed shows the error of the task it failed at, on one line, and when it is tried again", async () => {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await checkpoint(sql.pool(), worker, [
    {
      job: id,
      position: 1,
      fence,
      kind: "F",
      failure: { error_message: "no\n\tanswer from the image server", can_retry: true },
    },
  ]);
  await sql.rows(
    "update ratchet.jobs set next_attempt_at = ratchet_private.clock_now() + interval '3 h' where id = $1",
    [id],
  );
  expect(await overviewOf(id)).toMatchObject({
    status: "FAILED",
    progress: "----- 0/5",
    task_or_error: "no answer from the…",
    next: "in 3 h",
  });
});

test("a finished job is at no task, and nothing comes next", async () => {
  const { id } = await addPublish(sql);
  await runJob(sql, await addWorker(sql), id);
  expect(await overviewOf(id)).toMatchObject({
    status: "COMPLETED",
    progress: "##### 5/5",
    task_or_error: "",
    next: "",
  });
});

test("skipped tasks count as finished, cancelled ones do not", async () => {
  const { id } = await addPublish(sql);
  await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position < 3", [id]);
  await sql.rows("update ratchet.tasks set status = 'CANCELLED' where job_id = $1 and position >= 3", [id]);
  expect(await overviewOf(id)).toMatchObject({ status: "CANCELLED", progress: "##--- 2/5", task_or_error: "" });
});

test("a job without a plan has its line too", async () => {
  const id = await sql.value<string>("select id from ratchet_private.create_job('mine', '{}', 'default')");
  expect(await overviewOf(id)).toMatchObject({ status: "PENDING", progress: "----- 0/0", task_or_error: "" });
});

test("a job for later says when, and how old it is", async () => {
  const { id } = await addSingle(sql, { run_at: new Date(Date.now() + 10 * 86_400_000) });
  await sql.rows("update ratchet.jobs set created_at = created_at - interval '5 min' where id = $1", [id]);
  expect(await overviewOf(id)).toMatchObject({ next: "in 10 days", age: "5 min" });
});

test("of many tasks the share is told", async () => {
  expect(
    await sql.row(
      "select ratchet_private.text_bar(9999, 10000) as nearly, ratchet_private.text_bar(10000, 10000) as done, ratchet_private.text_bar(99, 99) as few",
    ),
  ).toStrictEqual({ nearly: "####- 99 %", done: "##### 100 %", few: "##### 99/99" });
});

test("every job has exactly one line", async () => {
  expect(
    await sql.rows(
      "select j.id, count(o.id) from ratchet.jobs j left join ratchet.job_overview o using (id) group by j.id having count(o.id) <> 1",
    ),
  ).toStrictEqual([]);
});

interface PlanNode {
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** How many rows of tables the execution of a plan read. */
function rowsRead(node: PlanNode): number {
  const own = node["Relation Name"] === undefined ? 0 : node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0);
  const below = (node.Plans ?? []).map(rowsRead);
  return below.reduce((sum, rows) => sum + rows, own * node["Actual Loops"]);
}

test("one job or the newest twenty are read without reading the others", async () => {
  const { id } = await addSingle(sql);
  await sql.rows(
    `select from ratchet.add_jobs(
       (select jsonb_agg(jsonb_build_object('identifier', 'single')) from generate_series(1, 2000)))`,
  );
  await sql.rows("analyze ratchet.jobs, ratchet.tasks");
  const rowsReadFor = async (which: string): Promise<number> => {
    const plans = await sql.value<{ Plan: PlanNode }[]>(
      `explain (analyze, format json) select * from ratchet.job_overview ${which}`,
    );
    return plans.reduce((sum, { Plan: root }) => sum + rowsRead(root), 0);
  };
  // Of each job its row, its task to count and its task to name.
  expect(await rowsReadFor(`where id = ${id}`)).toBe(3);
  expect(await rowsReadFor("order by id desc limit 20")).toBe(60);
});
