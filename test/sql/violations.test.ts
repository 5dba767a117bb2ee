import { describe, expect, test } from "vitest";

import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  runJob,
  useSql,
  withSession,
} from "./fixtures.ts";

const sql = useSql();

interface Violation {
  rule: string;
  detail: string;
}

/** What the view lists for a job after a change that no trigger saw; the change is rolled back. */
function violationsAfter(id: string, change: string, from = "ratchet.violations"): Promise<Violation[]> {
  return withSession(sql, async (session) => {
    await session.query("begin; set local session_replication_role = replica");
    await session.query(change.replaceAll("$1", id));
    const { rows } = await session.query<Violation>(
      `select rule, detail from ${from} where job_id = $1 order by rule`,
      [id],
    );
    return rows;
  });
}

async function claimedJob(): Promise<{ id: string; worker: number; fence: number }> {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  return { id, worker, fence: (await claimOne(sql, worker, id)).fence };
}

async function failedJob(): Promise<string> {
  const { id, worker, fence } = await claimedJob();
  await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "F" }]);
  return id;
}

/** One job for each way that a job can stand. */
async function addHealthyJobs(): Promise<void> {
  const worker = await addWorker(sql);
  await addSingle(sql);
  await addSingle(sql, { run_at: new Date("2040-01-01") });
  await runJob(sql, worker, (await addPublish(sql)).id);
  await failedJob();
  await claimedJob();

  const failedForGood = await claimedJob();
  const lastTry = { job: failedForGood.id, position: 1, fence: failedForGood.fence, kind: "F" as const };
  await checkpoint(sql.pool(), failedForGood.worker, [{ ...lastTry, failure: { can_retry: false } }]);

  const handedBack = await claimedJob();
  const claimIds = [handedBack.worker, [handedBack.id], [handedBack.fence]];
  await sql.rows("select ratchet_private.hand_back($1, $2, $3)", claimIds);

  const replaced = await addPublish(sql, ["a"], { job_key: "healthy" });
  await claimOne(sql, worker, replaced.id);
  await addPublish(sql, ["b"], { job_key: "healthy" });

  const adopted = await sql.value<string>("select id from graphile_worker.add_job('single', '{}')");
  await sql.rows("select ratchet_private.adopt_job('single', '{}', $1, null, 0, now())", [adopted]);
  await sql.rows("select ratchet_private.adopt_job('single', '[]', 4242, null, 0, now())");
  const orchestrated = await sql.value<string>("select id from ratchet_private.create_job('mine', '{}', 'default')");
  await sql.rows("select ratchet_private.create_tasks($1, '{one, two}')", [orchestrated]);
  await claim(sql.pool(), await addWorker(sql, []), [orchestrated], { isOrder: true });
  await sql.rows("select ratchet_private.create_job('without a plan yet', '{}', 'default')");

  const changedByHand = await addPublish(sql);
  await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 2", [changedByHand.id]);
  await sql.rows("update ratchet.tasks set status = 'CANCELLED' where job_id = $1 and position > 3", [
    changedByHand.id,
  ]);
}

test("jobs in every state that Ratchet brings them to contradict nothing", async () => {
  await addHealthyJobs();
  expect(await sql.rows("select * from ratchet.violations")).toStrictEqual([]);
  expect(await sql.rows("select * from ratchet.all_violations()")).toStrictEqual([]);
});

describe("listed is", () => {
  test("a job whose status its tasks contradict", async () => {
    const { id } = await addSingle(sql);
    expect(
      await violationsAfter(id, "update ratchet.jobs set status = 'COMPLETED', finished_at = now() where id = $1"),
    ).toStrictEqual([{ rule: "status contradicts tasks", detail: "the job is COMPLETED, its tasks say PENDING" }]);
  });

  test.each([
    [
      "PENDING",
      "FAILED",
      "update ratchet.tasks set status = 'FAILED', error_message = 'x' where job_id = $1 and position = 5",
    ],
    ["PENDING", "WAITING", "update ratchet.tasks set status = 'WAITING' where job_id = $1 and position = 1"],
    ["PENDING", "RUNNING", "update ratchet.jobs set started_at = now() where id = $1"],
    ["PENDING", "COMPLETED", "update ratchet.tasks set status = 'SKIPPED', completed_at = now() where job_id = $1"],
    ["PENDING", "CANCELLED", "update ratchet.tasks set status = 'CANCELLED' where job_id = $1"],
  ])("a %s job whose tasks say %s", async (status, ofTasks, change) => {
    const { id } = await addPublish(sql);
    expect(await violationsAfter(id, change)).toStrictEqual([
      { rule: "status contradicts tasks", detail: `the job is ${status}, its tasks say ${ofTasks}` },
    ]);
  });

  test("a queued job without tasks", async () => {
    const { id } = await addSingle(sql);
    expect(await violationsAfter(id, "delete from ratchet.tasks where job_id = $1")).toStrictEqual([
      { rule: "plan is empty", detail: "a queued job without tasks can never run" },
    ]);
  });

  test.each([
    [1, "4 tasks at positions 2 to 5"],
    [3, "4 tasks at positions 1 to 5"],
  ])("a plan whose task %i is gone", async (position, detail) => {
    const { id } = await addPublish(sql);
    expect(
      await violationsAfter(id, `delete from ratchet.tasks where job_id = $1 and position = ${position}`),
    ).toStrictEqual([{ rule: "plan has gaps", detail }]);
  });

  test("a task that was completed before one that stands before it", async () => {
    const { id } = await addPublish(sql);
    expect(
      await violationsAfter(
        id,
        "update ratchet.tasks set status = 'COMPLETED', completed_at = now() where job_id = $1 and position = 3",
      ),
    ).toStrictEqual([
      { rule: "finished out of order", detail: "task 3 is COMPLETED, task 1 before it is not finished" },
    ]);
  });

  test("a job of which two tasks run", async () => {
    const { id } = await claimedJob();
    expect(
      await violationsAfter(
        id,
        "update ratchet.tasks set status = 'RUNNING', started_at = now() where job_id = $1 and position = 2",
      ),
    ).toStrictEqual([{ rule: "two tasks at once", detail: "2 tasks are RUNNING" }]);
  });

  test("a task that runs in a job nobody holds", async () => {
    const { id } = await claimedJob();
    expect(await violationsAfter(id, "update ratchet.jobs set worker_id = null where id = $1")).toStrictEqual([
      { rule: "runs without a worker", detail: "a task is RUNNING and no worker holds the job" },
    ]);
  });

  test("a job that is held by a worker that has stopped", async () => {
    const { id, worker } = await claimedJob();
    expect(
      await violationsAfter(id, `update ratchet.workers set stopped_at = now() where id = ${worker}`),
    ).toStrictEqual([{ rule: "held by a stopped worker", detail: `worker ${worker} is gone` }]);
  });

  test("a job that is held by a worker that never was", async () => {
    const { id } = await claimedJob();
    expect(await violationsAfter(id, "update ratchet.jobs set worker_id = 4711 where id = $1")).toStrictEqual([
      { rule: "held by a stopped worker", detail: "worker 4711 is gone" },
    ]);
  });
});

describe("a job that is due for over a minute and that nothing wakes is listed", () => {
  const DUE = "update ratchet.jobs set run_at = '2020-01-01 00:00Z' where id = $1;";
  const WAKE_UP = "(select id from graphile_worker.jobs where key = 'ratchet:$1')";
  const nothing: Violation[] = [
    { rule: "nothing wakes it", detail: expect.stringMatching(/^due since 20\d\d.*, free, and no wake-up$/v) },
  ];

  test.each([
    ["when it has no wake-up", "select graphile_worker.remove_job('ratchet:$1')"],
    ["when its wake-up is spent", `select graphile_worker.permanently_fail_jobs(array[${WAKE_UP}], 'spent')`],
  ])("%s", async (_, change) => {
    const { id } = await addSingle(sql);
    expect(await violationsAfter(id, DUE + change)).toStrictEqual(nothing);
  });

  test("when it has failed and its retry is due", async () => {
    const id = await failedJob();
    expect(
      await violationsAfter(
        id,
        `update ratchet.jobs set next_attempt_at = '2020-01-01 00:00Z' where id = $1;
         select graphile_worker.remove_job('ratchet:$1')`,
      ),
    ).toStrictEqual(nothing);
  });

  test("but not when it has a wake-up, is not due, is due for a moment only, is held, or is outside the queue", async () => {
    const { id } = await addSingle(sql);
    const remove = "select graphile_worker.remove_job('ratchet:$1');";
    expect(await violationsAfter(id, DUE)).toStrictEqual([]);
    expect(await violationsAfter(id, remove)).toStrictEqual([]);
    expect(
      await violationsAfter(id, `${remove} update ratchet.jobs set run_at = now() + interval '1 day' where id = $1`),
    ).toStrictEqual([]);
    const held = await claimedJob();
    expect(await violationsAfter(held.id, DUE + remove)).toStrictEqual([]);
    const own = await sql.value<string>("select id from ratchet_private.create_job('mine', '{}', 'default')");
    expect(await violationsAfter(own, DUE)).toStrictEqual([]);
  });

  test("but not when the graphile-worker job it was adopted from still wakes it", async () => {
    const adopted = await sql.value<string>("select id from graphile_worker.add_job('single', '{}')");
    const id = await sql.value<string>("select ratchet_private.adopt_job('single', '{}', $1, null, 0, now())", [
      adopted,
    ]);
    expect(await violationsAfter(id, `${DUE} select graphile_worker.remove_job('ratchet:$1')`)).toStrictEqual([]);
  });
});

describe("of finished jobs", () => {
  const CONTRADICT =
    "update ratchet.tasks set status = 'CANCELLED', completed_at = null, result = null where job_id = $1;";
  const OLD = "update ratchet.jobs set finished_at = ratchet_private.clock_now() - interval '25 hours' where id = $1;";

  test("the view lists those of the last day, all_violations the older ones too", async () => {
    const { id } = await addSingle(sql);
    await runJob(sql, await addWorker(sql), id);
    const expected = [{ rule: "status contradicts tasks", detail: "the job is COMPLETED, its tasks say CANCELLED" }];
    expect(await violationsAfter(id, CONTRADICT)).toStrictEqual(expected);
    expect(await violationsAfter(id, CONTRADICT + OLD)).toStrictEqual([]);
    expect(await violationsAfter(id, CONTRADICT + OLD, "ratchet.all_violations()")).toStrictEqual(expected);
  });

  test("a job that never finished is listed however old it is", async () => {
    const { id } = await addSingle(sql);
    const change = `delete from ratchet.tasks where job_id = $1;
      update ratchet.jobs set created_at = '2020-01-01', run_at = '2020-01-01' where id = $1`;
    expect(await violationsAfter(id, change)).toMatchObject([{ rule: "plan is empty" }]);
  });
});

test("several rules can list one job", async () => {
  const { id } = await claimedJob();
  const change = `update ratchet.tasks set status = 'RUNNING', started_at = now() where job_id = $1 and position in (2, 5);
    delete from ratchet.tasks where job_id = $1 and position = 4;
    update ratchet.jobs set worker_id = null where id = $1`;
  expect((await violationsAfter(id, change)).map(({ rule }) => rule)).toStrictEqual([
    "plan has gaps",
    "runs without a worker",
    "two tasks at once",
  ]);
});
