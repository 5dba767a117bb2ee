import type pg from "pg";
import { expect, test } from "vitest";

import {
  addJob,
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  completeTasks,
  pidOf,
  publish,
  readJob,
  readWakeUps,
  register,
  single,
  statuses,
  untilBlocked,
  useSql,
  withSession,
  withTwoSessions,
} from "./fixtures.ts";

const sql = useSql();

test("two sessions that finish the last two tasks by hand: the job is never stuck (60 rounds)", async () => {
  const jobs = await Promise.all(Array.from({ length: 60 }, () => addPublish(sql, [])));
  await withTwoSessions(sql, async (one, two) => {
    for (const [round, job] of jobs.entries()) {
      const finish = async (session: typeof one, position: number): Promise<void> => {
        await session.query("begin");
        await session.query("update ratchet.tasks set status = 'COMPLETED' where job_id = $1 and position = $2", [
          job.id,
          position,
        ]);
        await session.query("commit");
      };
      const order = round % 2 === 0 ? [1, 2] : [2, 1];
      await Promise.all([finish(one, order[0] ?? 0), finish(two, order[1] ?? 0)]);
    }
  });
  expect(
    await sql.rows("select status, count(*)::int from ratchet.jobs where id = any ($1) group by status", [
      jobs.map(({ id }) => id),
    ]),
  ).toStrictEqual([{ status: "COMPLETED", count: 60 }]);
});

test("whoever finishes the later task by hand waits for whoever finishes the earlier one, and reads after the wait", async () => {
  const job = await addPublish(sql, []);
  await withTwoSessions(sql, async (one, two) => {
    const pid = await pidOf(two);
    await one.query("begin");
    await one.query("update ratchet.tasks set status = 'COMPLETED' where job_id = $1 and position = 1", [job.id]);
    const later = two.query("update ratchet.tasks set status = 'COMPLETED' where job_id = $1 and position = 2", [
      job.id,
    ]);
    await untilBlocked(sql, pid);
    await one.query("commit");
    await later;
  });
  expect(await readJob(sql, job.id)).toMatchObject({ status: "COMPLETED" });
});

test("a worker's last end and a later task finished by hand at the same moment complete the job", async () => {
  const job = await addPublish(sql, []);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, job.id);
  await withTwoSessions(sql, async (engine, hand) => {
    const pid = await pidOf(hand);
    await engine.query("begin");
    await checkpoint(engine, worker, [{ job: job.id, position: 1, fence, kind: "C" }]);
    const later = hand.query("update ratchet.tasks set status = 'COMPLETED' where job_id = $1 and position = 2", [
      job.id,
    ]);
    await untilBlocked(sql, pid);
    await engine.query("commit");
    await later;
  });
  expect(await readJob(sql, job.id)).toMatchObject({ status: "COMPLETED", worker_id: null });
});

test("a claim never starts a task that was finished while it looked", async () => {
  const job = await addPublish(sql, []);
  const worker = await addWorker(sql);
  await withTwoSessions(sql, async (hand, engine) => {
    await hand.query("begin");
    await hand.query("update ratchet.tasks set status = 'COMPLETED' where job_id = $1 and position = 1", [job.id]);
    expect(await claim(engine, worker, [job.id])).toMatchObject([{ outcome: "locked" }]);
    await hand.query("commit");
    expect(await claim(engine, worker, [job.id])).toMatchObject([{ outcome: "claimed", first_position: 2 }]);
  });
  expect(await statuses(sql, job.id)).toStrictEqual(["COMPLETED", "RUNNING"]);
});

test("a claim that found a task before it was finished reads again after the lock", async () => {
  const job = await addPublish(sql, []);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, job.id);
  await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [job.id], [fence]]);
  await withTwoSessions(sql, async (hand, engine) => {
    await hand.query("begin");
    // Lets the claim find the first task, and not lock it yet.
    await hand.query("lock table ratchet.tasks in exclusive mode");
    const pid = await pidOf(engine);
    const claimed = claim(engine, worker, [job.id]);
    await untilBlocked(sql, pid);
    await hand.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 1", [job.id]);
    await hand.query("commit");
    expect(await claimed).toMatchObject([{ outcome: "locked" }]);
    expect(await claim(engine, worker, [job.id])).toMatchObject([{ outcome: "claimed", first_position: 2 }]);
  });
  expect(await statuses(sql, job.id)).toStrictEqual(["SKIPPED", "RUNNING"]);
});

test("a first claim that locked its job before a task was finished by hand reads the task after the lock", async () => {
  const job = await addPublish(sql, []);
  const worker = await addWorker(sql);
  await withTwoSessions(sql, async (hand, engine) => {
    await hand.query("begin");
    // Lets the claim lock the job, and not read its plan yet.
    await hand.query("lock table ratchet.definitions in access exclusive mode");
    const pid = await pidOf(engine);
    const claimed = claim(engine, worker, [job.id]);
    await untilBlocked(sql, pid);
    await hand.query("set local lock_timeout = '100ms'");
    await expect(
      hand.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 1", [job.id]),
    ).rejects.toThrow(/lock timeout/v);
    await hand.query("rollback");
    expect(await claimed).toMatchObject([{ outcome: "claimed", fence: 1, first_position: 1 }]);
  });
});

test("a task finished by hand while its job is first claimed is safe from the worker's own end of it", async () => {
  const job = await addPublish(sql, []);
  const worker = await addWorker(sql);
  await withTwoSessions(sql, async (hand, engine) => {
    await engine.query("begin");
    const [claimed] = await claim(engine, worker, [job.id]);
    const pid = await pidOf(hand);
    const changed = hand.query("update ratchet.tasks set status = 'COMPLETED' where job_id = $1 and position = 1", [
      job.id,
    ]);
    await untilBlocked(sql, pid);
    await engine.query("commit");
    await changed;
    const end = { job: job.id, position: 1, fence: claimed?.fence ?? 0, kind: "C" } as const;
    expect(await checkpoint(engine, worker, [end])).toMatchObject([{ outcome: "refused" }]);
  });
  expect(await readJob(sql, job.id)).toMatchObject({ status: "RUNNING", worker_id: worker });
});

test("rows that somebody's psql holds keep only their own job from being claimed", async () => {
  const [taskHeld, jobHeld, free] = [await addSingle(sql), await addSingle(sql), await addSingle(sql)];
  const worker = await addWorker(sql);
  await withTwoSessions(sql, async (psql, engine) => {
    await psql.query("begin");
    await psql.query("update ratchet.tasks set name = 'Renamed' where job_id = $1", [taskHeld.id]);
    await psql.query("update ratchet.jobs set priority = 1 where id = $1", [jobHeld.id]);
    await engine.query("set statement_timeout = '5s'");
    expect(await claim(engine, worker, [taskHeld.id, jobHeld.id, free.id])).toMatchObject([
      { outcome: "locked" },
      { outcome: "locked" },
      { outcome: "claimed" },
    ]);
    await psql.query("commit");
    expect(await claim(engine, worker, [taskHeld.id, jobHeld.id])).toMatchObject([
      { outcome: "claimed" },
      { outcome: "claimed" },
    ]);
    await engine.query("reset statement_timeout");
  });
});

test("claims beside last checkpoints of the same jobs never deadlock (80 rounds)", async () => {
  const [one, two] = [await addWorker(sql), await addWorker(sql)];
  for (let round = 0; round < 80; round++) {
    const jobs = (
      await sql.rows<{ id: string }>("select id from ratchet.add_jobs($1)", [
        JSON.stringify(Array.from({ length: 4 }, () => ({ identifier: "single" }))),
      ])
    ).map(({ id }) => id);
    const claims = await claim(sql.pool(), one, jobs);
    const ends = claims.map(({ job_id: job, fence }) => ({ job, position: 1, fence, kind: "C" as const }));
    const [answers, ...others] = await Promise.all([
      checkpoint(sql.pool(), one, ends.toReversed()),
      claim(sql.pool(), two, jobs),
      claim(sql.pool(), two, jobs.toReversed()),
    ]);
    expect(new Set(answers.map(({ outcome }) => outcome))).toStrictEqual(new Set(["written"]));
    expect(others.flat().filter(({ outcome }) => outcome === "claimed")).toStrictEqual([]);
  }
});

test("failures beside claims and hand-backs of the same jobs never deadlock (40 rounds)", async () => {
  const [one, two] = [await addWorker(sql), await addWorker(sql)];
  for (let round = 0; round < 40; round++) {
    const jobs = await Promise.all(Array.from({ length: 4 }, () => addPublish(sql, [])));
    const ids = jobs.map(({ id }) => id);
    const claims = await claim(sql.pool(), one, ids);
    await Promise.all([
      checkpoint(
        sql.pool(),
        one,
        claims.slice(0, 3).map(({ job_id: job, fence }) => ({ job, position: 1, fence, kind: "F" as const })),
      ),
      sql.rows("select ratchet_private.hand_back($1, $2, $3)", [
        one,
        ids.slice(1).toReversed(),
        claims
          .slice(1)
          .toReversed()
          .map(({ fence }) => fence),
      ]),
      claim(sql.pool(), two, ids),
      sql.rows("select ratchet_private.sweep_jobs(0, 1000)"),
    ]);
  }
  expect(
    await sql.rows(
      "select * from ratchet.violations where rule not in ('held by a stopped worker', 'finished out of order')",
    ),
  ).toStrictEqual([]);
});

test("a call that takes several keys begins again when it deadlocks with another", async () => {
  const add = (db: Pick<pg.ClientBase, "query">, keys: readonly string[]): Promise<{ rows: { job_key: string }[] }> =>
    db.query("select job_key from ratchet.add_jobs($1::jsonb)", [
      JSON.stringify(keys.map((key) => ({ identifier: "single", job_key: key }))),
    ]);
  const keys = ["left", "middle", "right"];
  await add(sql.pool(), keys);
  await withSession(sql, (middle) =>
    withTwoSessions(sql, async (several, oneByOne) => {
      // Postgres ends one that finds the circle closed when it has waited so long: only the one that waits last can.
      await several.query("set deadlock_timeout = '10 ms'");
      const [pidOfSeveral, pidOfOneByOne] = [await pidOf(several), await pidOf(oneByOne)];
      await oneByOne.query("begin; set local deadlock_timeout = '1 h'");
      await add(oneByOne, ["right"]);
      await middle.query("begin");
      await add(middle, ["middle"]);
      const added = add(several, keys);
      await untilBlocked(sql, pidOfSeveral);
      const addedLeft = add(oneByOne, ["left"]);
      await untilBlocked(sql, pidOfOneByOne);
      await middle.query("commit");
      await addedLeft;
      await oneByOne.query("commit");
      expect((await added).rows.map((job) => job.job_key)).toStrictEqual(keys);
      await several.query("reset deadlock_timeout");
    }),
  );
});

test("of two claims of one job at once exactly one wins (50 rounds)", async () => {
  const [one, two] = [await addWorker(sql), await addWorker(sql)];
  for (let round = 0; round < 50; round++) {
    const job = await addSingle(sql);
    const answers = (await Promise.all([claim(sql.pool(), one, [job.id]), claim(sql.pool(), two, [job.id])])).flat();
    expect(answers.filter(({ outcome }) => outcome === "claimed")).toHaveLength(1);
    expect(answers.filter(({ outcome }) => outcome === "held" || outcome === "locked")).toHaveLength(1);
  }
});

test("a wake-up beside a getJob that has just taken the old one is added, not lost", async () => {
  const job = await addSingle(sql);
  await withTwoSessions(sql, async (getJob, engine) => {
    const pid = await pidOf(engine);
    await getJob.query("begin");
    await getJob.query(
      "update graphile_worker._private_jobs set attempts = attempts + 1, locked_by = 'pool-1', locked_at = now() where key = 'ratchet:' || $1::text",
      [job.id],
    );
    const added = engine.query("select ratchet_private.add_wake_ups(array[$1::bigint])", [job.id]);
    await untilBlocked(sql, pid);
    await getJob.query("commit");
    await added;
  });
  expect(await readWakeUps(sql, job.id)).toMatchObject([{ locked_by: null, attempts: 0 }]);
  expect(
    await sql.rows("select key, attempts = max_attempts as spent from graphile_worker.jobs where locked_by = 'pool-1'"),
  ).toStrictEqual([{ key: null, spent: true }]);
});

test("ten sessions that register definitions at once all succeed, and the last one's is current", async () => {
  const versions = Array.from({ length: 10 }, (_, n) => `crowd-${n}`);
  await Promise.all(
    versions.map((version) =>
      register(sql, [publish({ identifier: "crowd", version }), single({ identifier: "crowd-too", version })]),
    ),
  );
  const { rows } = await sql
    .pool()
    .query<{ version: string }>(
      "select version from ratchet.definitions where identifier = 'crowd' order by current_since desc",
    );
  expect(rows.map(({ version }) => version).toSorted()).toStrictEqual(versions);
  expect((await addJob(sql.pool(), { identifier: "crowd", payload: { images: [] } })).version).toBe(rows[0]?.version);
});

test("a registration that waited for another one is the newer of the two", async () => {
  await withTwoSessions(sql, async (one, two) => {
    const registerWith = (session: typeof one, version: string): Promise<unknown> =>
      session.query("select ratchet_private.register_definitions($1, false)", [
        JSON.stringify([single({ identifier: "waited", version })]),
      ]);
    const pid = await pidOf(two);
    // Begun before, so that its clock is read first unless it is read after the wait.
    await one.query("begin; lock table ratchet.definitions in share row exclusive mode");
    const waiting = registerWith(two, "second");
    await untilBlocked(sql, pid);
    await registerWith(one, "first");
    await one.query("commit");
    await waiting;
  });
  expect(await addSingle(sql, { identifier: "waited" })).toMatchObject({ version: "second" });
});

test("a job deleted while its worker is at it: ends of all kinds are refused, the batch goes through", async () => {
  const worker = await addWorker(sql);
  const gone = await Promise.all([addSingle(sql), addSingle(sql), addSingle(sql)]);
  const kept = await addSingle(sql);
  const claims = await claim(
    sql.pool(),
    worker,
    [...gone, kept].map(({ id }) => id),
  );
  await sql.rows("delete from ratchet.jobs where id = any ($1)", [gone.map(({ id }) => id)]);
  const kinds = ["C", "R", "F", "C"] as const;
  expect(
    await checkpoint(
      sql.pool(),
      worker,
      claims.map(({ job_id: job, fence }, n) => ({ job, position: 1, fence, kind: kinds[n] ?? "C" })),
    ),
  ).toMatchObject([{ outcome: "refused" }, { outcome: "refused" }, { outcome: "refused" }, { outcome: "written" }]);
});

test("a plan replaced while another session waits for its first task is locked anew", async () => {
  const job = await addSingle(sql, { job_key: "replaced while waiting" });
  await withTwoSessions(sql, async (one, two) => {
    const pid = await pidOf(two);
    await one.query("begin");
    await addJob(one, { identifier: "single", job_key: "replaced while waiting", payload: { n: 1 } });
    const waiting = addJob(two, { identifier: "single", job_key: "replaced while waiting", payload: { n: 2 } });
    await untilBlocked(sql, pid);
    await one.query("commit");
    expect(await waiting).toMatchObject({ id: job.id, payload: { n: 2 } });
  });
});

test("a job goes on where a long plan stood without reading what is finished for each task", async () => {
  const images = Array.from({ length: 9998 }, (_, n) => n);
  const job = await addJob(sql.pool(), { identifier: "publish", payload: { images } });
  await sql.rows("update ratchet.tasks set status = 'COMPLETED' where job_id = $1 and position < 9990", [job.id]);
  const worker = await addWorker(sql);
  await withSession(sql, async (session) => {
    // Squares of 10,000 take longer than that by far, everything else far less.
    await session.query("set statement_timeout = '5s'");
    const [answer] = await claim(session, worker, [job.id]);
    expect(answer).toMatchObject({ outcome: "claimed", first_position: 9990 });
    await session.query("select ratchet_private.hand_back($1, $2, $3)", [worker, [job.id], [answer?.fence]]);
    await session.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 9995", [job.id]);
    await session.query("select ratchet.explain_job($1)", [job.id]);
    await session.query("reset statement_timeout");
  });
  const { fence } = await claimOne(sql, worker, job.id);
  await completeTasks(sql, worker, { job: job.id, fence, from: 9990, to: 9994 });
  expect(await readJob(sql, job.id)).toMatchObject({ status: "RUNNING" });
});

test("a row that somebody's psql holds keeps only its own job from being freed, until the sweep comes by", async () => {
  const [taskHeld, jobHeld, other] = [await addSingle(sql), await addSingle(sql), await addSingle(sql)];
  const jobs = [taskHeld.id, jobHeld.id, other.id];
  const worker = await addWorker(sql);
  await claim(sql.pool(), worker, jobs);
  const holders = (): Promise<unknown[]> =>
    sql.rows("select worker_id from ratchet.jobs where id = any ($1) order by id", [jobs]);
  const sweep = async (): Promise<string[]> =>
    (await sql.row<{ woken: string[] }>("select * from ratchet_private.sweep_jobs(0, 1000)")).woken.filter((id) =>
      jobs.includes(id),
    );

  await withTwoSessions(sql, async (psql, engine) => {
    await psql.query("begin");
    await psql.query("update ratchet.tasks set name = 'Renamed' where job_id = $1", [taskHeld.id]);
    await psql.query("update ratchet.jobs set priority = 1 where id = $1", [jobHeld.id]);
    await engine.query("set lock_timeout = '50ms'");
    const { rows } = await engine.query("select ratchet_private.release_worker($1) as freed", [worker]);
    expect(rows).toStrictEqual([{ freed: 1 }]);
    await psql.query("commit");
  });
  expect(await holders()).toStrictEqual([{ worker_id: worker }, { worker_id: worker }, { worker_id: null }]);

  expect(await sweep()).toStrictEqual([taskHeld.id, jobHeld.id]);
  expect(await holders()).toStrictEqual([{ worker_id: null }, { worker_id: null }, { worker_id: null }]);
  for (const id of jobs) {
    expect(await readWakeUps(sql, id)).toMatchObject([{ locked_by: null }]);
    expect(await statuses(sql, id)).toStrictEqual(["PENDING"]);
  }
});

test("a task set back by hand while its job is cancelled does not make the two contradict each other", async () => {
  const job = await addPublish(sql, []);
  await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 1", [job.id]);
  await withTwoSessions(sql, async (order, hand) => {
    const pid = await pidOf(hand);
    await order.query("begin");
    await order.query("select ratchet.cancel_job($1)", [job.id]);
    const back = hand.query("update ratchet.tasks set status = 'PENDING' where job_id = $1 and position = 1", [job.id]);
    await untilBlocked(sql, pid);
    await order.query("commit");
    await back;
  });
  expect(await statuses(sql, job.id)).toStrictEqual(["PENDING", "CANCELLED"]);
  expect(await readJob(sql, job.id)).toMatchObject({ status: "PENDING", finished_at: null, cancelled_at: null });
});
