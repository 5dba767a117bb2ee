import { expect, test } from "vitest";

import {
  addSingle,
  addWorker,
  claim,
  claimOne,
  readJob,
  readWakeUps,
  useSql,
  withSession,
  withoutTriggers,
} from "./fixtures.ts";

const sql = useSql();

interface Swept {
  woken: string[];
  settled: string[];
}

/** Whether it is time or not, until a round has ended. */
async function sweep(chunk = 1000): Promise<Swept> {
  await sql.rows("update ratchet_private.sweep_progress set after = 0, wake_ups_after = 0");
  return sql.row<Swept>("select * from ratchet_private.sweep($1::integer, true)", [chunk]);
}

const setWakeUp = (id: string, change: string): Promise<unknown> =>
  sql.rows(`update graphile_worker._private_jobs set ${change} where key = 'ratchet:' || $1::text`, [id]);

test("a due, free job without a wake-up gets one; all others are left alone", async () => {
  const worker = await addWorker(sql);
  await sql.rows("select ratchet_private.beat($1, array['live-pool'])", [worker]);
  const [lost, spent, orphaned, woken, running, future, held] = [
    await addSingle(sql),
    await addSingle(sql),
    await addSingle(sql),
    await addSingle(sql),
    await addSingle(sql),
    await addSingle(sql, { run_at: new Date(Date.now() + 3_600_000) }),
    await addSingle(sql),
  ];
  await claimOne(sql, worker, held.id);
  for (const { id } of [lost, future, held]) {
    await sql.rows("delete from graphile_worker._private_jobs where key = 'ratchet:' || $1::text", [id]);
  }
  await setWakeUp(spent.id, "attempts = max_attempts");
  await setWakeUp(orphaned.id, "locked_by = 'dead-pool', locked_at = now() - interval '6 s', attempts = 1");
  await setWakeUp(running.id, "locked_by = 'live-pool', locked_at = now(), attempts = 1");

  expect(await sweep()).toStrictEqual({ woken: [lost.id, spent.id, orphaned.id], settled: [] });
  for (const { id } of [lost, spent, orphaned, woken]) {
    expect(await readWakeUps(sql, id)).toMatchObject([{ locked_by: null }]);
  }
  expect((await sweep()).woken).toStrictEqual([]);
});

test("a wake-up that was left to workers of a version is for everybody once none of them is left", async () => {
  await sql.rows("delete from ratchet.jobs");
  await sql.rows("update ratchet.workers set stopped_at = now()");
  const worker = await addWorker(sql);
  const { id } = await addSingle(sql);
  const flagged = "select ratchet_private.add_wake_ups(array[$1::bigint], p_flags => array['some-version'])";
  await sql.rows(flagged, [id]);
  await sql.rows(
    "update ratchet.workers set known_versions = array[(select version from ratchet.jobs where id = $2)] where id = $1",
    [worker, id],
  );
  expect((await sweep()).woken).toStrictEqual([]);
  expect(
    await sql.value("select flags from graphile_worker.jobs where key = 'ratchet:' || $1::text", [id]),
  ).toStrictEqual({ "some-version": true });
  await sql.rows("select ratchet_private.release_worker($1)", [worker]);
  expect((await sweep()).woken).toStrictEqual([id]);
  expect(await sql.value("select flags from graphile_worker.jobs where key = 'ratchet:' || $1::text", [id])).toBeNull();
});

test("nor is a worker waited for that knows the version and gives no sign of life", async () => {
  await sql.rows("delete from ratchet.jobs");
  const { id, version } = await addSingle(sql);
  const worker = await addWorker(sql, [version ?? ""]);
  await sql.rows("select ratchet_private.add_wake_ups(array[$1::bigint], p_flags => array['some-version'])", [id]);
  expect((await sweep()).woken).toStrictEqual([]);
  await sql.rows("update ratchet.workers set beat_at = clock_timestamp() - interval '16 s' where id = $1", [worker]);
  expect((await sweep()).woken).toStrictEqual([id]);
});

test("spent rows of ours are removed, other people's never", async () => {
  await sql.rows("delete from graphile_worker._private_jobs");
  const { id } = await addSingle(sql);
  await setWakeUp(id, "key = null, attempts = max_attempts");
  await sql.rows("select graphile_worker.add_job('somebody_elses', max_attempts => 1)");
  await sql.rows("update graphile_worker._private_jobs set attempts = 1 where max_attempts = 1");
  await sweep();
  expect(
    await sql.rows("select task_identifier from graphile_worker.jobs where attempts >= max_attempts"),
  ).toStrictEqual([{ task_identifier: "somebody_elses" }]);
});

/** Ends a job's tasks behind the triggers' back. */
const endTasks = (id: string): Promise<unknown> =>
  withoutTriggers(sql, (session) =>
    session.query("update ratchet.tasks set status = 'SKIPPED', completed_at = now() where job_id = $1", [id]),
  );

test("a free job whose tasks have all ended is settled; one that has not begun when it is claimed or has no wake-up", async () => {
  const worker = await addWorker(sql);
  const [begun, asleep, waiting] = [await addSingle(sql), await addSingle(sql), await addSingle(sql)];
  const { fence } = await claimOne(sql, worker, begun.id);
  await sql.rows("select ratchet_private.hand_back($1, array[$2::bigint], array[$3::integer])", [
    worker,
    begun.id,
    fence,
  ]);
  await setWakeUp(asleep.id, "attempts = max_attempts");
  for (const { id } of [begun, asleep, waiting]) {
    await endTasks(id);
  }
  expect((await sweep()).settled).toStrictEqual([begun.id, asleep.id]);
  expect(await readJob(sql, begun.id)).toMatchObject({ status: "COMPLETED" });
  expect((await claim(sql.pool(), worker, [waiting.id]))[0]?.outcome).toBe("contradictory");
  await sql.rows("select ratchet_private.settle($1)", [waiting.id]);
});

test("a round takes all unfinished jobs, chunk by chunk", async () => {
  const [{ id }] = await Promise.all([addSingle(sql), addSingle(sql), addSingle(sql)]);
  const ids = (await sql.rows<{ id: string }>("select id from ratchet.jobs where finished_at is null order by id")).map(
    (job) => job.id,
  );
  expect(ids.length).toBeGreaterThan(4);
  await sql.rows("delete from graphile_worker._private_jobs where key = 'ratchet:' || $1::text", [id]);
  expect((await sweep(2)).woken).toStrictEqual([id]);
  expect(await sql.value("select after from ratchet_private.sweep_progress")).toBe("0");

  const chunk = (after: string): Promise<{ next_after: string }> =>
    sql.row("select next_after from ratchet_private.sweep_jobs($1, 2)", [after]);
  expect(await chunk("0")).toStrictEqual({ next_after: ids[1] });
  expect(await chunk(ids.at(-2) ?? "")).toStrictEqual({ next_after: "0" });
});

test("all workers share one round: who comes too early, or while another is at it, does nothing", async () => {
  const mended = async (): Promise<string[]> => (await sql.row<Swept>("select * from ratchet_private.sweep()")).woken;
  const lose = async (): Promise<string> => {
    const { id } = await addSingle(sql);
    await sql.rows("delete from graphile_worker._private_jobs where key = 'ratchet:' || $1::text", [id]);
    return id;
  };
  const setNext = (time: string): Promise<unknown> =>
    sql.rows(
      `update ratchet_private.sweep_progress set after = 0, next_slice_at = clock_timestamp() + interval '${time}'`,
    );

  await setNext("5 s");
  const first = await lose();
  expect(await mended()).toStrictEqual([]);
  await setNext("0 s");
  expect(await mended()).toStrictEqual([first]);
  // The next round is four seconds and more away.
  const second = await lose();
  expect(await mended()).toStrictEqual([]);

  await setNext("0 s");
  await withSession(sql, async (sweeper) => {
    await sweeper.query("begin; select * from ratchet_private.sweep()");
    expect(await mended()).toStrictEqual([]);
  });
  expect(await mended()).toStrictEqual([second]);

  // Noted before somebody set the clock back.
  await setNext("3 h");
  const third = await lose();
  expect(await mended()).toStrictEqual([third]);
});

test("rows that somebody's psql holds stop neither the sweep nor what comes after them", async () => {
  const worker = await addWorker(sql);
  const [contradictory, left, asleep, last] = [
    await addSingle(sql),
    await addSingle(sql),
    await addSingle(sql),
    await addSingle(sql),
  ];
  const dead = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, contradictory.id);
  await sql.rows("select ratchet_private.hand_back($1, array[$2::bigint], array[$3::integer])", [
    worker,
    contradictory.id,
    fence,
  ]);
  await endTasks(contradictory.id);
  await claimOne(sql, dead, left.id);
  await sql.rows("update ratchet.workers set stopped_at = now() where id = $1", [dead]);
  await setWakeUp(asleep.id, "attempts = max_attempts");
  await setWakeUp(last.id, "attempts = max_attempts");
  await withSession(sql, async (psql) => {
    await psql.query("begin");
    await psql.query("select from ratchet.tasks where job_id = any ($1) for update", [[contradictory.id, left.id]]);
    await psql.query("update graphile_worker._private_jobs set priority = 1 where key = 'ratchet:' || $1::text", [
      asleep.id,
    ]);
    expect(await sweep()).toStrictEqual({ woken: [last.id], settled: [] });
  });
  expect(await sweep()).toStrictEqual({ woken: [left.id, asleep.id], settled: [contradictory.id] });
});

test("moving the clock brings the wake-ups of waiting jobs along", async () => {
  const { id, run_at: runAt } = await addSingle(sql, { run_at: new Date(Date.now() + 7_200_000) });
  const [before] = await readWakeUps(sql, id);
  expect(before?.run_at).toStrictEqual(runAt);
  await sql.rows("select ratchet_private.advance_clock('1 h')");
  const [after] = await readWakeUps(sql, id);
  expect((before?.run_at.getTime() ?? 0) - (after?.run_at.getTime() ?? 0)).toBe(3_600_000);
  expect(await readJob(sql, id)).toMatchObject({ run_at: runAt });
  expect(await sql.value("select extract(epoch from ratchet_private.clock_now() - clock_timestamp())::int")).toBe(3600);
});

test("for how long nobody has known a job's version", async () => {
  const unknownMs = (id: string): Promise<number | null> =>
    sql.value("select ratchet_private.version_unknown_ms($1)", [id]);
  await sql.rows("delete from ratchet.workers");
  const { id } = await addSingle(sql);
  await sql.rows("update ratchet.jobs set run_at = run_at - interval '10 s' where id = $1", [id]);
  expect(await unknownMs(id)).toBeGreaterThan(10_000);
  const worker = await addWorker(sql);
  expect(await unknownMs(id)).toBeNull();
  await sql.rows("update ratchet.workers set stopped_at = ratchet_private.clock_now() - interval '2 s' where id = $1", [
    worker,
  ]);
  expect(await unknownMs(id)).toBeGreaterThanOrEqual(2000);
  expect(await unknownMs(id)).toBeLessThan(10_000);
  expect(await unknownMs("987654321")).toBeNull();
});
