import type pg from "pg";
import { beforeEach, describe, expect, test } from "vitest";

import { wakeUpKey } from "../support/schemas.ts";
import {
  type Job,
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  completeTasks,
  readJob,
  readTasks,
  readWakeUps,
  statuses,
  untilBlocked,
  pidOf,
  useSql,
  withSession,
  withTwoSessions,
} from "./fixtures.ts";

const sql = useSql();
let dead: number;
let rescuer: number;

beforeEach(async () => {
  dead = await addWorker(sql);
  rescuer = await addWorker(sql);
});

/** Rescues as an observer does that saw this sign of life last; default: the one that stands there. */
async function rescue(
  db: Pick<pg.ClientBase, "query"> = sql.pool(),
  { worker = dead, beatAt, isSilent = false }: { worker?: number; beatAt?: string; isSilent?: boolean } = {},
): Promise<string[] | null> {
  const seen = beatAt ?? (await sql.value<string>("select beat_at::text from ratchet.workers where id = $1", [worker]));
  const { rows } = await db.query<{ freed: string[] | null }>(
    "select ratchet_private.rescue_worker($1, $2, $3, $4) as freed",
    [worker, rescuer, seen, isSilent],
  );
  return rows[0]?.freed ?? null;
}

async function failures(id: string) {
  return sql.rows(
    `select position, attempt, counted, error_name, error_code, error_message, worker_id
     from ratchet.task_failures where job_id = $1 order by id`,
    [id],
  );
}

async function stateOf(worker: number) {
  return sql.row("select stopped_at is not null as stopped, rescued_by from ratchet.workers where id = $1", [worker]);
}

/** Lets a worker of its own die while it runs this job. */
async function die(id: string): Promise<number> {
  const worker = await addWorker(sql);
  await sql.rows("update ratchet.jobs set next_attempt_at = run_at where id = $1 and next_attempt_at is not null", [
    id,
  ]);
  await claimOne(sql, worker, id);
  expect(await rescue(sql.pool(), { worker })).toStrictEqual([id]);
  return worker;
}

async function deathsOf(id: string): Promise<unknown[]> {
  return (
    await sql.rows<{ deaths: number }>("select deaths from ratchet.tasks where job_id = $1 order by position", [id])
  ).map(({ deaths }) => deaths);
}

test("its jobs go on where they stood, each with a wake-up; the try is noted, not counted; what it still writes is refused", async () => {
  const job = await addPublish(sql, ["a"]);
  await sql.rows("select ratchet_private.beat($1, array['dead-pool'])", [dead]);
  await sql.rows(
    "update graphile_worker._private_jobs set locked_by = 'dead-pool', locked_at = now(), attempts = 1 where key = $1",
    [wakeUpKey(job.id)],
  );
  const { fence } = await claimOne(sql, dead, job.id);
  await completeTasks(sql, dead, { job: job.id, fence, from: 1, to: 1 });
  await checkpoint(sql.pool(), dead, [{ job: job.id, position: 2, fence, kind: "R" }]);

  expect(await rescue()).toStrictEqual([job.id]);
  expect(await stateOf(dead)).toStrictEqual({ stopped: true, rescued_by: rescuer });
  expect(await readJob(sql, job.id)).toMatchObject({ status: "RUNNING", worker_id: null });
  expect(await statuses(sql, job.id)).toStrictEqual(["COMPLETED", "PENDING", "PENDING"]);
  expect(await deathsOf(job.id)).toStrictEqual([0, 1, 0]);
  expect(await readWakeUps(sql, job.id)).toMatchObject([{ locked_by: null }]);
  expect(await sql.rows("select from graphile_worker.jobs where locked_by = 'dead-pool'")).toStrictEqual([]);
  expect(await failures(job.id)).toStrictEqual([
    {
      position: 2,
      attempt: 1,
      counted: false,
      error_name: "WorkerDied",
      error_code: "RT021",
      error_message: `The worker died once while it ran this task: worker ${dead} (test-host, process 1).`,
      worker_id: dead,
    },
  ]);

  const [late] = await checkpoint(sql.pool(), dead, [{ job: job.id, position: 2, fence, kind: "C" }]);
  expect(late?.outcome).toBe("refused");
  const again = await claimOne(sql, rescuer, job.id);
  expect(again).toMatchObject({ first_position: 2, is_suspect: false });
  await completeTasks(sql, rescuer, { job: job.id, fence: again.fence, from: 2, to: 3 });
  expect(await readJob(sql, job.id)).toMatchObject({ status: "COMPLETED" });
  expect((await readTasks(sql, job.id)).map(({ attempts }) => attempts)).toStrictEqual([1, 1, 1]);
});

describe("nobody is rescued", () => {
  test("who gave a sign of life since it was looked at", async () => {
    const { id } = await addSingle(sql);
    await claimOne(sql, dead, id);
    const seen = await sql.value<string>("select beat_at::text from ratchet.workers where id = $1", [dead]);
    await sql.rows("select ratchet_private.beat($1, '{}')", [dead]);
    expect(await rescue(sql.pool(), { beatAt: seen })).toBeNull();
    expect(await rescue(sql.pool(), { beatAt: seen, isSilent: true })).toBeNull();
    expect(await readJob(sql, id)).toMatchObject({ worker_id: dead });
  });

  test("whose lock is held, unless it has been silent for too long", async () => {
    const { id } = await addSingle(sql);
    await claimOne(sql, dead, id);
    await withSession(sql, async (session) => {
      await session.query("select ratchet_private.lock_worker($1)", [dead]);
      expect(await rescue()).toBeNull();
      expect(await stateOf(dead)).toStrictEqual({ stopped: false, rescued_by: null });
      expect(await rescue(sql.pool(), { isSilent: true })).toStrictEqual([id]);
    });
  });

  test("twice, nor by two at once", async () => {
    const { id } = await addSingle(sql);
    await claimOne(sql, dead, id);
    await withTwoSessions(sql, async (one, two) => {
      await one.query("begin");
      expect(await rescue(one)).toStrictEqual([id]);
      expect(await rescue(two)).toBeNull();
      await one.query("commit");
      expect(await rescue(two)).toBeNull();
    });
    expect(await deathsOf(id)).toStrictEqual([1]);
    expect(await failures(id)).toHaveLength(1);
  });
});

test("a rescuer that dies half-way leaves everything to the next one", async () => {
  const { id } = await addSingle(sql);
  await claimOne(sql, dead, id);
  await withSession(sql, async (session) => {
    await session.query("begin");
    expect(await rescue(session)).toStrictEqual([id]);
    await session.query("rollback");
  });
  expect(await readJob(sql, id)).toMatchObject({ worker_id: dead });
  expect(await rescue()).toStrictEqual([id]);
  expect(await deathsOf(id)).toStrictEqual([1]);
});

describe("the connections of the dead one", () => {
  test("are ended, so that what it holds in a transaction does not stop its jobs", async () => {
    const { id } = await addSingle(sql);
    await claimOne(sql, dead, id);
    await withSession(sql, async (frozen) => {
      await frozen.query("select pg_advisory_lock_shared(ratchet_private.session_lock_class(), $1)", [dead]);
      await frozen.query("begin");
      await frozen.query("update ratchet.tasks set name = 'held' where job_id = $1", [id]);
      expect(await rescue()).toStrictEqual([id]);
      await expect(frozen.query("commit")).rejects.toThrow(/terminat|closed|not queryable/v);
    });
    expect(await readTasks(sql, id)).toMatchObject([{ name: "The only task", status: "PENDING" }]);
  });

  test("cannot be opened anew before the rescue is committed", async () => {
    const { id } = await addSingle(sql);
    await claimOne(sql, dead, id);
    await withTwoSessions(sql, async (one, two) => {
      await one.query("begin");
      expect(await rescue(one)).toStrictEqual([id]);
      const opening = two.query("select pg_advisory_lock_shared(ratchet_private.session_lock_class(), $1)", [dead]);
      await untilBlocked(sql, await pidOfBlocked(dead));
      await one.query("commit");
      await opening;
      expect(await claim(two, dead, [id])).toMatchObject([{ outcome: "buried" }]);
      await two.query("select pg_advisory_unlock_all()");
    });
  });

  async function pidOfBlocked(worker: number): Promise<number> {
    for (;;) {
      const rows = await sql.rows<{ pid: number }>(
        "select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted",
        [worker],
      );
      if (rows[0] !== undefined) {
        return rows[0].pid;
      }
    }
  }
});

test("a row that somebody's psql holds keeps only its own job back, until the sweep comes by and notes the death", async () => {
  const [held, wakeUpHeld, other] = [await addSingle(sql), await addSingle(sql), await addSingle(sql)];
  const ids = [held.id, wakeUpHeld.id, other.id];
  await sql.rows("select ratchet_private.beat($1, array['other-pool'])", [dead]);
  await sql.rows(
    "update graphile_worker._private_jobs set locked_by = 'other-pool', locked_at = now() where key = any ($1)",
    [ids.map((id) => wakeUpKey(id))],
  );
  await claim(sql.pool(), dead, ids);
  await withTwoSessions(sql, async (psql, engine) => {
    await psql.query("begin");
    await psql.query("update ratchet.tasks set name = 'Renamed' where job_id = $1", [held.id]);
    await psql.query("update graphile_worker._private_jobs set priority = 1 where key = $1", [
      wakeUpKey(wakeUpHeld.id),
    ]);
    await engine.query("set lock_timeout = '50ms'");
    expect(await rescue(engine)).toStrictEqual([wakeUpHeld.id, other.id]);
    await psql.query("commit");
    await engine.query("reset lock_timeout");
  });
  expect(await readJob(sql, held.id)).toMatchObject({ worker_id: dead });
  expect(await deathsOf(held.id)).toStrictEqual([0]);
  await sql.rows("select ratchet_private.sweep(p_at_once => true)");
  expect(await readJob(sql, held.id)).toMatchObject({ worker_id: null });
  expect(await deathsOf(held.id)).toStrictEqual([1]);
  for (const id of ids) {
    expect(await readWakeUps(sql, id)).toMatchObject([{ locked_by: null }]);
  }
});

describe("suspects", () => {
  test("from the third death on each is a failed try, with its wait, and the last one fails the job", async () => {
    const { id } = await addSingle(sql, { max_attempts: 2 });
    await die(id);
    await die(id);
    expect((await readTasks(sql, id)).map(({ attempts }) => attempts)).toStrictEqual([0]);
    const third = await die(id);
    expect(await readJob(sql, id)).toMatchObject({ status: "FAILED", worker_id: null, finished_at: null });
    expect(await readTasks(sql, id)).toMatchObject([
      {
        status: "FAILED",
        attempts: 1,
        error_message: `The worker died 3 times while it ran this task, the last time: worker ${third} (test-host, process 1).`,
      },
    ]);
    expect((await readJob(sql, id)).next_attempt_at?.getTime()).toBeGreaterThan(Date.now() + 20_000);
    const fourth = await die(id);
    expect(await readJob(sql, id)).toMatchObject({ status: "FAILED", next_attempt_at: null });
    expect(await failures(id)).toMatchObject([
      { counted: false },
      { counted: false },
      { counted: true, attempt: 1 },
      { counted: true, attempt: 2, error_code: "RT021", worker_id: fourth },
    ]);
    await sql.rows("select ratchet.retry_job($1)", [id]);
    expect(await deathsOf(id)).toStrictEqual([0]);
    expect(await claimOne(sql, rescuer, id)).toMatchObject({ is_suspect: false });
  });

  test("a death beside one counts for that one alone", async () => {
    const [suspect, innocent] = [await addSingle(sql), await addSingle(sql)];
    await die(suspect.id);
    await die(suspect.id);
    await claim(sql.pool(), dead, [suspect.id, innocent.id]);
    expect(await rescue()).toStrictEqual([suspect.id, innocent.id]);
    expect(await readTasks(sql, suspect.id)).toMatchObject([{ status: "FAILED", attempts: 1 }]);
    expect(await readTasks(sql, innocent.id)).toMatchObject([{ status: "PENDING", attempts: 0 }]);
  });

  test("a worker takes one of them at a time, and none while one runs", async () => {
    const jobs: Job[] = [await addSingle(sql), await addSingle(sql), await addSingle(sql)];
    const ids = jobs.map(({ id }) => id);
    for (const id of ids.slice(1)) {
      await die(id);
      await die(id);
    }
    expect(await claim(sql.pool(), dead, ids, { takesSuspect: false })).toMatchObject([
      { outcome: "claimed", is_suspect: false },
      { outcome: "suspect" },
      { outcome: "suspect" },
    ]);
    expect(await claim(sql.pool(), dead, ids)).toMatchObject([
      { outcome: "held" },
      { outcome: "claimed", is_suspect: true },
      { outcome: "suspect" },
    ]);
    expect(await readJob(sql, ids[2] ?? "")).toMatchObject({ worker_id: null, fence: 4 });
  });

  test("the next task of the plan begins without deaths", async () => {
    const { id } = await addPublish(sql, []);
    await die(id);
    await die(id);
    const { fence } = await claimOne(sql, dead, id);
    await completeTasks(sql, dead, { job: id, fence, from: 1, to: 1 });
    expect(await rescue()).toStrictEqual([id]);
    expect(await deathsOf(id)).toStrictEqual([2, 1]);
    expect(await claimOne(sql, rescuer, id)).toMatchObject({ is_suspect: false, first_position: 2 });
  });
});

test("a job outside the queue is free again, without a wake-up, and its deaths are no tries", async () => {
  const { id } = await sql.row<{ id: string }>("select * from ratchet_private.create_job('own', '{}', 'default')");
  await sql.rows("select ratchet_private.create_tasks($1, array['one'])", [id]);
  for (const deaths of [1, 2, 3]) {
    const worker = await addWorker(sql);
    expect(await claim(sql.pool(), worker, [id], { isOrder: true, takesSuspect: false })).toMatchObject([
      { outcome: "claimed", is_suspect: false },
    ]);
    expect(await rescue(sql.pool(), { worker })).toStrictEqual([id]);
    expect(await deathsOf(id)).toStrictEqual([deaths]);
  }
  expect(await readTasks(sql, id)).toMatchObject([{ status: "PENDING", attempts: 0 }]);
  expect(await readWakeUps(sql, id)).toStrictEqual([]);
});

test("a job that was to stop after its task is CANCELLED", async () => {
  const { id } = await addPublish(sql, [], { job_key: "rescued" });
  await claimOne(sql, dead, id);
  await addPublish(sql, [], { job_key: "rescued" });
  expect(await rescue()).toStrictEqual([id]);
  expect(await readJob(sql, id)).toMatchObject({ status: "CANCELLED", worker_id: null });
});

describe("a worker that was taken for dead and is not", () => {
  test("learns it from its next beat, claims nothing before it is revived, and then goes on under its number", async () => {
    const { id } = await addSingle(sql);
    const { fence } = await claimOne(sql, dead, id);
    await rescue();
    expect(await sql.row("select is_buried from ratchet_private.beat($1, '{}')", [dead])).toStrictEqual({
      is_buried: true,
    });
    expect(await claim(sql.pool(), dead, [id])).toMatchObject([{ job_id: id, outcome: "buried" }]);
    expect(await stateOf(dead)).toStrictEqual({ stopped: true, rescued_by: rescuer });

    await sql.rows("select ratchet_private.revive_worker($1, 'test-host', 1, '0.1.0', 10, array['s1'])", [dead]);
    expect(await stateOf(dead)).toStrictEqual({ stopped: false, rescued_by: null });
    expect(await sql.row("select is_buried from ratchet_private.beat($1, '{}')", [dead])).toStrictEqual({
      is_buried: false,
    });
    const [late] = await checkpoint(sql.pool(), dead, [{ job: id, position: 1, fence, kind: "C" }]);
    expect(late?.outcome).toBe("refused");
    expect((await claimOne(sql, dead, id)).fence).toBeGreaterThan(fence);
  });

  test("is entered again where a replica took over that never heard of it", async () => {
    await sql.rows("delete from ratchet.workers where id = $1", [dead]);
    expect(await sql.row("select is_buried from ratchet_private.beat($1, '{}')", [dead])).toStrictEqual({
      is_buried: true,
    });
    await sql.rows("select ratchet_private.revive_worker($1, 'box', 7, '0.2.0', 3, array['s1'])", [dead]);
    expect(await sql.row("select host, pid, concurrency from ratchet.workers where id = $1", [dead])).toStrictEqual({
      host: "box",
      pid: 7,
      concurrency: 3,
    });
  });

  test("takes its lock from a connection of its own that the server still believes in", async () => {
    await withTwoSessions(sql, async (old, fresh) => {
      await old.query("select ratchet_private.lock_worker($1)", [dead]);
      const oldPid = await pidOf(old);
      for (;;) {
        const { rows } = await fresh.query<{ has: boolean }>("select ratchet_private.lock_worker($1) as has", [dead]);
        if (rows[0]?.has === true) {
          break;
        }
      }
      expect(await sql.rows("select from pg_stat_activity where pid = $1", [oldPid])).toStrictEqual([]);
      await fresh.query("select pg_advisory_unlock_all()");
    });
  });
});

test("signs of life go by the server's clock, whatever time tests set", async () => {
  await sql.rows("select ratchet_private.advance_clock('1 year')");
  try {
    const { others } = await sql.row<{ others: [number, string][] }>(
      "select others from ratchet_private.beat($1, '{}')",
      [dead],
    );
    expect(others.map(([id]) => id)).toContain(rescuer);
    expect(
      await sql.value(
        "select beat_at between clock_timestamp() - interval '1 minute' and clock_timestamp() from ratchet.workers where id = $1",
        [dead],
      ),
    ).toBe(true);
    expect(
      await sql.value("select ratchet_private.is_worker_live(w) from ratchet.workers w where id = $1", [dead]),
    ).toBe(true);
  } finally {
    await sql.rows("update ratchet_private.clock set shift = '0'");
  }
});

test("of the claims that a worker names, those that are lost", async () => {
  const [mine, cancelled, retaken] = [await addSingle(sql), await addSingle(sql), await addSingle(sql)];
  const ids = [mine.id, cancelled.id, retaken.id];
  const claims = await claim(sql.pool(), dead, ids);
  await sql.rows("select ratchet.cancel_job($1)", [cancelled.id]);
  await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [dead, [retaken.id], [claims[2]?.fence]]);
  await claimOne(sql, rescuer, retaken.id);
  expect(
    await sql.value("select ratchet_private.lost_claims($1, $2, $3)", [
      dead,
      [...ids, "999999999"],
      [...claims.map(({ fence }) => fence), 1],
    ]),
  ).toStrictEqual([cancelled.id, retaken.id, "999999999"]);
});

test("a worker that stops while it is rescued waits before it holds anything", async () => {
  const job = await addSingle(sql);
  await claimOne(sql, dead, job.id);
  await withTwoSessions(sql, async (rescuing, stopping) => {
    const pid = await pidOf(stopping);
    await rescuing.query("begin; set local lock_timeout = '1 s'");
    await rescuing.query("select from ratchet.workers where id = $1 for update", [dead]);
    const stopped = stopping.query("select ratchet_private.release_worker($1) as freed", [dead]);
    await untilBlocked(sql, pid);
    expect(await rescue(rescuing)).toStrictEqual([job.id]);
    await rescuing.query("commit");
    expect((await stopped).rows).toStrictEqual([{ freed: 0 }]);
  });
  expect(await readWakeUps(sql, job.id)).toHaveLength(1);
});
