import type pg from "pg";
import { expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  runJob,
  useSql,
  withoutTriggers,
} from "./fixtures.ts";

const sql = useSql();

const violations = (id: string): Promise<{ rule: string; detail: string }[]> =>
  sql.rows("select rule, detail from ratchet.violations where job_id = $1 order by rule", [id]);

test("there is none when all is well: jobs of every status", async () => {
  const worker = await addWorker(sql);
  const jobs = [await addSingle(sql), await addPublish(sql), await addSingle(sql), await addSingle(sql)];
  await runJob(sql, worker, jobs[0]?.id ?? "");
  await claim(sql.pool(), worker, [jobs[1]?.id ?? ""]);
  await sql.rows("update ratchet.tasks set status = 'FAILED' where job_id = $1", [jobs[2]?.id]);
  await sql.rows("select ratchet_private.create_job('own', '{}', 'default')");
  expect(await sql.rows("select * from ratchet.violations")).toStrictEqual([]);
  expect(await sql.rows("select * from ratchet.all_violations()")).toStrictEqual([]);
});

type Fabricate = (session: pg.PoolClient, id: string) => Promise<unknown>;

const FABRICATED: readonly [string, string, Fabricate][] = [
  [
    "status contradicts tasks",
    "the job is PENDING, its tasks say FAILED",
    (session, id) =>
      session.query(
        "update ratchet.tasks set status = 'FAILED', error_message = 'x' where job_id = $1 and position = 1",
        [id],
      ),
  ],
  [
    "status contradicts tasks",
    "the job is PENDING, its tasks say COMPLETED",
    (session, id) =>
      session.query("update ratchet.tasks set status = 'SKIPPED', completed_at = now() where job_id = $1", [id]),
  ],
  [
    "status contradicts tasks",
    "the job is COMPLETED, its tasks say PENDING",
    (session, id) =>
      session.query("update ratchet.jobs set status = 'COMPLETED', finished_at = now() where id = $1", [id]),
  ],
  [
    "plan is empty",
    "a queued job without tasks can never run",
    (session, id) => session.query("delete from ratchet.tasks where job_id = $1", [id]),
  ],
  [
    "plan has gaps",
    "2 tasks at positions 1 to 3",
    (session, id) => session.query("delete from ratchet.tasks where job_id = $1 and position = 2", [id]),
  ],
  [
    "plan has gaps",
    "2 tasks at positions 2 to 3",
    (session, id) => session.query("delete from ratchet.tasks where job_id = $1 and position = 1", [id]),
  ],
  [
    "finished out of order",
    "task 3 is COMPLETED, task 1 before it is not finished",
    (session, id) =>
      session.query(
        "update ratchet.tasks set status = 'COMPLETED', started_at = now(), completed_at = now() where job_id = $1 and position = 3",
        [id],
      ),
  ],
  [
    "two tasks at once",
    "2 tasks are RUNNING",
    (session, id) =>
      session.query(
        "update ratchet.tasks set status = 'RUNNING', started_at = now() where job_id = $1 and position < 3",
        [id],
      ),
  ],
  [
    "runs without a worker",
    "a task is RUNNING and no worker holds the job",
    (session, id) =>
      session.query(
        "update ratchet.tasks set status = 'RUNNING', started_at = now() where job_id = $1 and position = 1",
        [id],
      ),
  ],
  [
    "waits beyond its time-out",
    "next try at 2026-11-23 12:00:00+00, time-out at 2026-11-23 11:00:00+00",
    async (session, id) => {
      await session.query(
        "update ratchet.tasks set status = 'FAILED', error_message = 'x' where job_id = $1 and position = 1",
        [id],
      );
      await session.query(
        "update ratchet.jobs set status = 'FAILED', next_attempt_at = '2026-11-23 12:00:00Z', timeout_at = '2026-11-23 11:00:00Z' where id = $1",
        [id],
      );
    },
  ],
  [
    "held by a stopped worker",
    "worker 4711 is gone",
    (session, id) =>
      session.query("update ratchet.jobs set worker_id = 4711, status = 'RUNNING', started_at = now() where id = $1", [
        id,
      ]),
  ],
];

test.each(FABRICATED)("%s: %s", async (rule, detail, fabricate) => {
  const { id } = await addPublish(sql, ["a"]);
  await withoutTriggers(sql, (session) => fabricate(session, id));
  expect(await violations(id)).toContainEqual({ rule, detail });
});

test("held by a stopped worker", async () => {
  const worker = await addWorker(sql);
  const { id } = await addSingle(sql);
  await claimOne(sql, worker, id);
  await sql.rows("update ratchet.workers set stopped_at = now() - interval '16 s' where id = $1", [worker]);
  expect(await violations(id)).toStrictEqual([
    { rule: "held by a stopped worker", detail: `worker ${worker} is gone` },
  ]);
});

test("held by a silent worker, while another is alive", async () => {
  await sql.rows("update ratchet.workers set stopped_at = coalesce(stopped_at, now())");
  const silent = await addWorker(sql);
  const { id } = await addSingle(sql);
  await claimOne(sql, silent, id);
  await sql.rows("update ratchet.workers set beat_at = clock_timestamp() - interval '61 s' where id = $1", [silent]);
  expect(await violations(id)).toStrictEqual([]);
  await addWorker(sql);
  expect(await violations(id)).toMatchObject([
    {
      rule: "held by a silent worker",
      detail: expect.stringMatching(`^worker ${silent} gave its last sign of life at`),
    },
  ]);
});

test("two suspects at once", async () => {
  const worker = await addWorker(sql);
  const [one, two] = [await addSingle(sql), await addSingle(sql)];
  const claims = await claim(sql.pool(), worker, [one.id, two.id]);
  await checkpoint(
    sql.pool(),
    worker,
    claims.map(({ job_id: job, fence }) => ({ job, position: 1, fence, kind: "R" })),
  );
  const setDeaths = (id: string): Promise<unknown> =>
    sql.rows(
      `with task as (update ratchet.tasks set deaths = 2 where job_id = $1 returning *)
       insert into ratchet.task_failures
         (job_id, position, fence, attempt, counted, error_message, error_code, started_at, failed_at)
       select job_id, position, 0, 1, false, 'died', 'RT021', now(), now() from task`,
      [id],
    );
  await setDeaths(one.id);
  expect(await violations(one.id)).toStrictEqual([]);
  await setDeaths(two.id);
  expect(await violations(one.id)).toStrictEqual([
    { rule: "two suspects at once", detail: `worker ${worker} runs another suspect beside it` },
  ]);
});

test("death without a record", async () => {
  const { id } = await addSingle(sql);
  await sql.rows("update ratchet.tasks set deaths = 1 where job_id = $1", [id]);
  expect(await violations(id)).toStrictEqual([{ rule: "death without a record", detail: "task 1" }]);
});

test("nothing wakes a due job: no wake-up, a spent one, or one that a dead pool holds", async () => {
  for (const change of [
    "delete from graphile_worker._private_jobs",
    "update graphile_worker._private_jobs set attempts = max_attempts",
    "update graphile_worker._private_jobs set locked_by = 'pool-dead', locked_at = now() - interval '61 s'",
  ]) {
    const { id } = await addSingle(sql);
    await sql.rows("update ratchet.jobs set run_at = now() - interval '2 minutes' where id = $1", [id]);
    expect(await violations(id)).toStrictEqual([]);
    await sql.rows(`${change} where key = 'ratchet:' || $1::text`, [id]);
    expect(await violations(id)).toMatchObject([
      { rule: "nothing wakes it", detail: expect.stringMatching(/^due since .*, free, and no wake-up$/v) },
    ]);
  }
});

test("those of jobs that finished before yesterday are for all_violations alone", async () => {
  const { id } = await addPublish(sql, ["a"]);
  await withoutTriggers(sql, async (session) => {
    await session.query(
      "update ratchet.jobs set status = 'COMPLETED', finished_at = now() - interval '25 hours' where id = $1",
      [id],
    );
  });
  expect(await violations(id)).toStrictEqual([]);
  expect(await sql.rows("select rule from ratchet.all_violations() where job_id = $1", [id])).toStrictEqual([
    { rule: "status contradicts tasks" },
  ]);
});

test("neither unfinished nor finished jobs make it read a whole table", async () => {
  const worker = await addWorker(sql);
  await runJob(sql, worker, (await addSingle(sql)).id);
  await addPublish(sql);
  const session = await sql.pool().connect();
  try {
    const wholeReads = async (): Promise<unknown> => {
      await session.query("select pg_stat_force_next_flush()");
      await session.query("select pg_stat_clear_snapshot()");
      const { rows } = await session.query(
        "select relid::regclass::text as name, seq_scan from pg_stat_user_tables where relid = any ($1::regclass[]) order by 1",
        [[named("ratchet.jobs"), named("ratchet.tasks"), named("graphile_worker._private_jobs")]],
      );
      return rows;
    };
    // With figures of so few rows the planner would read them whole, if it were free to.
    await session.query("analyze ratchet.jobs, ratchet.tasks, graphile_worker._private_jobs");
    const before = await wholeReads();
    expect(before).toHaveLength(3);
    await session.query("select * from ratchet.violations");
    await session.query("select * from ratchet.all_violations()");
    expect(await wholeReads()).toStrictEqual(before);
  } finally {
    session.release();
  }
});
