import { expect, test } from "vitest";

import { addPublish, addSingle, addWorker, checkpoint, claimOne, completeTasks, runJob, useSql } from "./fixtures.ts";

const sql = useSql();

/** The view's line of a job, without its times. */
function overviewOf(id: string): Promise<Record<string, unknown>> {
  return sql.row(
    `select status, progress, task, attempts, error_message, worker_id from ratchet.job_overview where id = $1`,
    [id],
  );
}

test("a job that has not started is at its first task", async () => {
  const { id } = await addPublish(sql);
  expect(await overviewOf(id)).toStrictEqual({
    status: "PENDING",
    progress: "0/5",
    task: "Validate product",
    attempts: 0,
    error_message: null,
    worker_id: null,
  });
});

test("a job that runs is at its first task that is not finished, and names its worker", async () => {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
  expect(await overviewOf(id)).toMatchObject({
    status: "RUNNING",
    progress: "2/5",
    task: "Upload image 2/3",
    worker_id: worker,
  });
});

test("a job that failed shows the tries and the error of the task it failed at", async () => {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
  await checkpoint(sql.pool(), worker, [{ job: id, position: 2, fence, kind: "F" }]);
  expect(await overviewOf(id)).toStrictEqual({
    status: "FAILED",
    progress: "1/5",
    task: "Upload image 1/3",
    attempts: 1,
    error_message: "it broke",
    worker_id: null,
  });
});

test("a finished job is at no task", async () => {
  const { id } = await addPublish(sql);
  await runJob(sql, await addWorker(sql), id);
  expect(await overviewOf(id)).toMatchObject({ status: "COMPLETED", progress: "5/5", task: "", attempts: 0 });
});

test("skipped tasks count as finished, cancelled ones do not", async () => {
  const { id } = await addPublish(sql);
  await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position < 3", [id]);
  await sql.rows("update ratchet.tasks set status = 'CANCELLED' where job_id = $1 and position >= 3", [id]);
  expect(await overviewOf(id)).toMatchObject({ status: "CANCELLED", progress: "2/5", task: "" });
});

test("a job without a plan has its line too", async () => {
  const id = await sql.value<string>("select id from ratchet_private.create_job('mine', '{}', 'default')");
  expect(await overviewOf(id)).toMatchObject({ status: "PENDING", progress: "0/0", task: "" });
});

test("the other columns are the job's own", async () => {
  const { id } = await addSingle(sql, { job_key: "overview", tenant: "acme", run_at: new Date("2040-01-01") });
  const columns =
    "id, identifier, tenant, status, next_attempt_at, run_at, created_at, started_at, finished_at, worker_id, job_key";
  expect(await sql.row(`select ${columns} from ratchet.job_overview where id = $1`, [id])).toStrictEqual(
    await sql.row(`select ${columns} from ratchet.jobs where id = $1`, [id]),
  );
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
