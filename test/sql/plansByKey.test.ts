import type pg from "pg";
import { expect, test } from "vitest";

import { addSingle, addWorker, checkpoint, claim, useSql, withSession } from "./fixtures.ts";

const sql = useSql();

/** Enough for plpgsql to keep the plans it made. */
const WARM_UP = 8;

type Call = (session: pg.ClientBase, jobId: string, worker: number) => Promise<unknown>;

const CALLS: Readonly<Record<string, Call>> = {
  add_job: (session) => session.query("select from ratchet.add_job('single')"),
  add_jobs: (session) => session.query(`select from ratchet.add_jobs('[{"identifier": "single"}]')`),
  adopt_job: (session, jobId) =>
    session.query("select ratchet_private.adopt_job('single', '{}', $1::bigint, null, 0, now())", [jobId]),
  announce: (session, jobId) => session.query("select ratchet_private.announce(array[$1::bigint])", [jobId]),
  "a claim": (session, jobId, worker) => claim(session, worker, [jobId]),
  "a checkpoint": (session, jobId, worker) =>
    checkpoint(session, worker, [{ job: jobId, position: 1, fence: 1, kind: "C" }]),
  "a change by hand": (session, jobId) =>
    session.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1::bigint", [jobId]),
  cancel_job: (session, jobId) => session.query("select from ratchet.cancel_job($1::bigint)", [jobId]),
  explain_job: (session, jobId) => session.query("select ratchet.explain_job($1::bigint)", [jobId]),
};

test("a session that made its plans when there were no jobs reads no table whole when there are many", async () => {
  const worker = await addWorker(sql);
  const readWhole: Record<string, unknown> = {};
  await withSession(sql, async (session) => {
    for (const call of Object.values(CALLS)) {
      for (let n = 0; n < WARM_UP; n++) {
        await call(session, (await addSingle(sql)).id, worker);
      }
    }
    await sql.rows(
      `select from ratchet.add_jobs((
         select jsonb_agg(jsonb_build_object('identifier', 'single')) from generate_series(1, 3000)))`,
    );
    for (const [name, call] of Object.entries(CALLS)) {
      const { id } = await addSingle(sql);
      await session.query("select pg_stat_force_next_flush()");
      await session.query("begin");
      await call(session, id, worker);
      const { rows } = await session.query(
        `select c.relname, pg_stat_get_xact_tuples_returned(c.oid)::int as read from pg_class c
         where c.oid in ('ratchet.jobs'::regclass, 'ratchet.tasks'::regclass) and pg_stat_get_xact_tuples_returned(c.oid) > 0`,
      );
      await session.query("rollback");
      if (rows.length > 0) {
        readWhole[name] = rows;
      }
    }
  });
  expect(readWhole).toStrictEqual({});
});
