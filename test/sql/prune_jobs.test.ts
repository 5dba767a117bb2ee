import type pg from "pg";
import { afterEach, describe, expect, test } from "vitest";

import { countPrunableJobs } from "../../src/database/calls/orders.ts";
import {
  addPublish,
  addSingle,
  addWorker,
  claimOne,
  completeTasks,
  errorOf,
  pidOf,
  register,
  runJob,
  single,
  untilBlocked,
  useSql,
  withSession,
  withTwoSessions,
} from "./fixtures.ts";
import { auditOf, cancel, fail, prune, retry } from "./orders.ts";

const sql = useSql();

afterEach(async () => {
  await sql.rows("delete from ratchet.jobs");
});

/** Ends a job as COMPLETED, FAILED or CANCELLED, so many days ago. */
async function addEnded(
  status: "COMPLETED" | "FAILED" | "CANCELLED",
  daysAgo: number,
  identifier = "single",
): Promise<string> {
  const worker = await addWorker(sql, ["s1", `${identifier}-1`]);
  const { id } = await addSingle(sql, { identifier });
  if (status === "CANCELLED") {
    await cancel(sql.pool(), id);
  } else {
    const claimed = await sql.row<{ fence: number }>("select fence from ratchet_private.claim_jobs($1, $2, $3)", [
      worker,
      [id],
      ["s1", `${identifier}-1`],
    ]);
    await (status === "COMPLETED"
      ? completeTasks(sql, worker, { job: id, fence: claimed.fence, from: 1, to: 1 })
      : fail(sql, worker, { job: id, position: 1, fence: claimed.fence, canRetry: false }));
  }
  await sql.rows("update ratchet.jobs set finished_at = finished_at - $2 * interval '1 day' where id = $1", [
    id,
    daysAgo,
  ]);
  return id;
}

async function left(): Promise<string[]> {
  return (await sql.rows<{ id: string }>("select id from ratchet.jobs order by id")).map(({ id }) => id);
}

describe("by default", () => {
  test("COMPLETED jobs go after 30 days, FAILED and CANCELLED ones after 90, with all their rows", async () => {
    const gone = [await addEnded("COMPLETED", 31), await addEnded("FAILED", 91), await addEnded("CANCELLED", 91)];
    const kept = [await addEnded("COMPLETED", 29), await addEnded("FAILED", 89), await addEnded("CANCELLED", 89)];
    expect(await countPrunableJobs(sql.pool())).toStrictEqual([
      { identifier: "single", status: "COMPLETED", jobs: 1 },
      { identifier: "single", status: "FAILED", jobs: 1 },
      { identifier: "single", status: "CANCELLED", jobs: 1 },
    ]);
    expect(await prune(sql.pool())).toBe(3);
    expect(await left()).toStrictEqual(kept);
    expect(
      await sql.row(
        `select (select count(*)::int from ratchet.tasks where job_id = any ($1)) as tasks,
           (select count(*)::int from ratchet.task_failures where job_id = any ($1)) as failures`,
        [gone],
      ),
    ).toStrictEqual({ tasks: 0, failures: 0 });
    expect(await prune(sql.pool())).toBe(0);
  });

  test("audit outlives the job", async () => {
    const id = await addEnded("CANCELLED", 100);
    expect(await prune(sql.pool())).toBe(1);
    expect(await auditOf(sql, id)).toMatchObject([{ action: "cancel" }]);
  });

  test("what is not finished is never pruned, however old", async () => {
    const worker = await addWorker(sql);
    const [pending, waiting] = [await addSingle(sql), await addSingle(sql)];
    const { fence } = await claimOne(sql, worker, waiting.id);
    await fail(sql, worker, { job: waiting.id, position: 1, fence });
    await sql.rows("select ratchet_private.advance_clock('4000 days')");
    expect(await prune(sql.pool())).toBe(0);
    await sql.rows("update ratchet_private.clock set shift = '0'");
    expect(await left()).toStrictEqual([pending.id, waiting.id]);
  });

  test("Ratchet's clock counts", async () => {
    await addEnded("COMPLETED", 0);
    await sql.rows("select ratchet_private.advance_clock('31 days')");
    expect(await prune(sql.pool())).toBe(1);
    await sql.rows("update ratchet_private.clock set shift = '0'");
  });
});

describe("a definition's own times", () => {
  test("count for its jobs alone", async () => {
    await register(sql, [
      single({ identifier: "brief", version: "brief-1", keep_completed: "1 h", keep_failed: "2 d" }),
    ]);
    const kept = [await addEnded("COMPLETED", 1), await addEnded("FAILED", 1, "brief")];
    await addEnded("COMPLETED", 0.1, "brief");
    await addEnded("FAILED", 3, "brief");
    await addEnded("CANCELLED", 3, "brief");
    expect(await prune(sql.pool())).toBe(3);
    expect(await left()).toStrictEqual(kept);
  });

  test.each(["1000 years", "50000 years"])("%s are for ever", async (keep) => {
    await register(
      sql,
      [single({ identifier: "kept", version: "kept-1", keep_completed: keep, keep_failed: keep })],
      true,
    );
    const kept = [await addEnded("COMPLETED", 9000, "kept"), await addEnded("CANCELLED", 9000, "kept")];
    expect(await prune(sql.pool())).toBe(0);
    expect(await left()).toStrictEqual(kept);
  });

  test("are those of the version that is current, for jobs of all versions", async () => {
    await register(sql, [single({ identifier: "changed", version: "changed-1", keep_completed: "1000 years" })]);
    const id = await addEnded("COMPLETED", 10, "changed");
    expect(await prune(sql.pool())).toBe(0);
    await register(sql, [single({ identifier: "changed", version: "changed-2", keep_completed: "9 d" })]);
    expect(await prune(sql.pool())).toBe(1);
    expect(await left()).not.toContain(id);
  });

  test("that are gone with the definition leave the defaults, as for jobs outside the queue", async () => {
    await register(sql, [single({ identifier: "gone", version: "gone-1", keep_completed: "1000 years" })]);
    await addEnded("COMPLETED", 31, "gone");
    const kept = await addEnded("COMPLETED", 29, "gone");
    await sql.rows("delete from ratchet.definitions where identifier = 'gone'");
    const own = await sql.value<string>("select (ratchet_private.create_job('own', '{}', 'default')).id");
    await cancel(sql.pool(), own);
    await sql.rows("update ratchet.jobs set finished_at = finished_at - interval '91 days' where id = $1", [own]);
    expect(await prune(sql.pool())).toBe(2);
    expect(await left()).toStrictEqual([kept]);
  });

  test("cannot be negative", async () => {
    const negative = register(sql, [single({ identifier: "bad", version: "bad-1", keep_failed: "-1 d" })]);
    expect(await errorOf(negative)).toMatchObject({ constraint: "definitions_keep_failed_is_not_negative" });
  });
});

test("goes in slices, the oldest of each definition first", async () => {
  const [second, first, third] = [
    await addEnded("COMPLETED", 50),
    await addEnded("COMPLETED", 60),
    await addEnded("COMPLETED", 40),
  ];
  expect(await prune(sql.pool(), 1)).toBe(1);
  expect(await left()).toStrictEqual([second, third]);
  expect(await prune(sql.pool(), 0)).toBe(0);
  expect(await sql.value("select ratchet.prune_jobs(null)")).toBe("2");
  expect(first).not.toBe(second);
});

test("a long list is deleted whole, jobs of many tasks too", async () => {
  const worker = await addWorker(sql);
  for (let n = 0; n < 5; n++) {
    const { id } = await addPublish(
      sql,
      Array.from({ length: 50 }, () => "x"),
    );
    await runJob(sql, worker, id);
  }
  await sql.rows("update ratchet.jobs set finished_at = finished_at - interval '31 days'");
  expect(await prune(sql.pool(), 3)).toBe(3);
  expect(await prune(sql.pool(), 3)).toBe(2);
  expect(await sql.value("select count(*)::int from ratchet.tasks")).toBe(0);
});

describe("two sessions", () => {
  test("a job that somebody is just retrying is passed over, and so is one of which somebody holds a task", async () => {
    const [retried, changed, free] = [
      await addEnded("FAILED", 100),
      await addEnded("CANCELLED", 100),
      await addEnded("FAILED", 100),
    ];
    await withTwoSessions(sql, async (one, two) => {
      await one.query("begin");
      await retry(one, retried);
      await two.query("begin");
      await two.query("select from ratchet.tasks where job_id = $1 for update", [changed]);
      expect(await prune(sql.pool())).toBe(1);
      expect(await left()).not.toContain(free);
      await one.query("commit");
      await two.query("rollback");
    });
    expect(await prune(sql.pool())).toBe(1);
    expect(await left()).toStrictEqual([retried]);
  });

  test("a retry that waits for a prune finds no job (RT013)", async () => {
    const id = await addEnded("FAILED", 100);
    await withTwoSessions(sql, async (pruner, operator) => {
      await pruner.query("begin");
      expect(await prune(pruner)).toBe(1);
      const pid = await pidOf(operator);
      const refused = errorOf(retry(operator, id));
      await untilBlocked(sql, pid);
      await pruner.query("commit");
      expect(await refused).toMatchObject({ code: "RT013" });
    });
  });

  test("two prunes share the work and wait for nobody", async () => {
    await Promise.all(Array.from({ length: 6 }, () => addEnded("COMPLETED", 50)));
    await withTwoSessions(sql, async (one, two) => {
      await one.query("begin");
      expect(await prune(one, 4)).toBe(4);
      expect(await prune(two, 6)).toBe(2);
      await one.query("commit");
    });
    expect(await left()).toStrictEqual([]);
  });
});

/** Rows of the jobs that a session has read, by going through the table and by index. */
async function rowsRead(session: pg.PoolClient): Promise<{ byTable: number; byIndex: number }> {
  const { rows } = await session.query<{ byTable: number; byIndex: number }>(
    `select pg_stat_get_xact_tuples_returned('ratchet.jobs'::regclass)::int as "byTable",
       (pg_stat_get_xact_tuples_fetched('ratchet.jobs'::regclass)
         + pg_stat_get_xact_tuples_fetched('ratchet.jobs_finished'::regclass))::int as "byIndex"`,
  );
  const [read] = rows;
  if (read === undefined) {
    throw new Error("The counters have no row.");
  }
  return read;
}

test("finds its jobs by index, whatever else there is", async () => {
  await sql.rows(
    `insert into ratchet.jobs (identifier, status, run_at, created_at, started_at, finished_at, payload)
     select 'many-' || n % 3, 'COMPLETED', now(), now(), now(), now() - interval '29 days', '{}' from generate_series(1, 20000) n`,
  );
  const due = await addEnded("COMPLETED", 31);
  await sql.rows("analyze ratchet.jobs");
  await withSession(sql, async (session) => {
    // In one transaction, and as a difference: the counters still hold what the session has not reported of earlier ones.
    await session.query("begin");
    const before = await rowsRead(session);
    await session.query("select ratchet_private.prunable_jobs(1000)");
    const after = await rowsRead(session);
    expect(after.byTable - before.byTable).toBe(0);
    expect(after.byIndex - before.byIndex).toBeLessThan(50);
  });
  expect(await prune(sql.pool())).toBe(1);
  expect(await left()).not.toContain(due);
});

test("workers that stopped 90 days ago are forgotten, but for one whose row somebody holds", async () => {
  const [live, lately, long, held] = [
    await addWorker(sql),
    await addWorker(sql),
    await addWorker(sql),
    await addWorker(sql),
  ];
  await sql.rows("update ratchet.workers set beat_at = now() - interval '1 year' where id = $1", [live]);
  await sql.rows("update ratchet.workers set stopped_at = now() - interval '89 days' where id = $1", [lately]);
  await sql.rows("update ratchet.workers set stopped_at = now() - interval '91 days' where id = any ($1)", [
    [long, held],
  ]);
  const workersLeft = (): Promise<{ id: number }[]> =>
    sql.rows("select id from ratchet.workers where id >= $1 order by id", [live]);
  await withSession(sql, async (psql) => {
    await psql.query("begin");
    await psql.query("select from ratchet.workers where id = $1 for update", [held]);
    await prune(sql.pool());
    expect(await workersLeft()).toStrictEqual([{ id: live }, { id: lately }, { id: held }]);
  });
  await prune(sql.pool());
  expect(await workersLeft()).toStrictEqual([{ id: live }, { id: lately }]);
});
