import { expect, test } from "vitest";

import { createDatabaseOnOwnServer } from "../support/ownServer.ts";
import { named } from "../support/schemas.ts";
import { addWorker, checkpoint, claim, useSql } from "./fixtures.ts";

// The oldest transaction of a server, in whichever database, says which row versions an update may clear out of its page.
const sql = useSql({ create: createDatabaseOnOwnServer });

interface Updates {
  updates: number;
  hot: number;
}

async function updatesOf(table: string): Promise<Updates> {
  return sql.row<Updates>(
    "select n_tup_upd::int as updates, n_tup_hot_upd::int as hot from pg_stat_user_tables where relid = $1::regclass",
    [table],
  );
}

test("claims and checkpoints of 250 jobs of four tasks are heap-only updates, save each job's last", async () => {
  const worker = await addWorker(sql);
  const ids = (
    await sql.rows<{ id: string }>(
      "select id from ratchet.add_jobs((select jsonb_agg(jsonb_build_object('identifier', 'publish', 'payload', '{\"images\": [1, 2]}'::jsonb)) from generate_series(1, 250)))",
    )
  ).map(({ id }) => id);
  const session = await sql.pool().connect();
  try {
    for (let start = 0; start < ids.length; start += 50) {
      const claims = await claim(session, worker, ids.slice(start, start + 50));
      for (const position of [1, 2, 3, 4]) {
        for (const kind of ["R", "C"] as const) {
          await checkpoint(
            session,
            worker,
            claims.map(({ job_id: job, fence }) => ({
              job,
              position,
              fence,
              kind,
              result: kind === "C" ? { ok: true } : undefined,
            })),
          );
        }
      }
    }
    await session.query("select pg_stat_force_next_flush()");
  } finally {
    session.release();
  }
  const tasks = await updatesOf(named("ratchet.tasks"));
  const jobs = await updatesOf(named("ratchet.jobs"));
  // Four marks and four ends a job; a claim and an end of the job itself.
  expect(tasks.updates).toBe(250 * 8);
  expect(jobs.updates).toBe(250 * 2);
  expect(tasks.hot / tasks.updates).toBeGreaterThan(0.95);
  // The end leaves the index of unfinished jobs, so half of them cannot be.
  expect(jobs.hot / 250).toBeGreaterThan(0.9);
});
