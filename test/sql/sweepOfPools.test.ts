import { beforeEach, expect, test } from "vitest";

import { addJob, addSingle, addWorker, claimOne, useSql, withSession } from "./fixtures.ts";

const sql = useSql();

beforeEach(async () => {
  await sql.rows("delete from ratchet.jobs");
  await sql.rows("delete from graphile_worker._private_jobs");
  await sql.rows("update graphile_worker._private_job_queues set locked_at = null, locked_by = null");
});

async function sweep(): Promise<string[]> {
  await sql.rows("update ratchet_private.sweep_progress set after = 0, wake_ups_after = 0");
  return (await sql.row<{ woken: string[] }>("select woken from ratchet_private.sweep(1000, true)")).woken;
}

/** Lets a pool lock a row, and its named queue with it, so many seconds ago, for the last time or not. */
async function lock(rowId: string, pool: string, seconds: number, isLastTry = false): Promise<void> {
  await sql.rows(
    `with row as (
       update graphile_worker._private_jobs set locked_by = $2, locked_at = now() - $3 * interval '1 second',
         attempts = case when $4 then max_attempts else attempts + 1 end
       where id = $1 returning *)
     update graphile_worker._private_job_queues q set locked_by = row.locked_by, locked_at = row.locked_at
     from row where q.id = row.job_queue_id`,
    [rowId, pool, seconds, isLastTry],
  );
}

const addForeign = (identifier: string, rest = ""): Promise<string> =>
  sql.value<string>(`select id from graphile_worker.add_job($1${rest})`, [identifier]);

const wakeUpOf = (jobId: string): Promise<string> =>
  sql.value<string>("select id from graphile_worker.jobs where key = 'ratchet:' || $1::text", [jobId]);

/** Rows that a worker could fetch now. */
async function fetchable(): Promise<string[]> {
  const rows = await sql.rows<{ id: string }>(
    `select w.id from graphile_worker._private_jobs w
     left join graphile_worker._private_job_queues q on q.id = w.job_queue_id
     where w.is_available and w.run_at <= now() and q.locked_at is null order by w.id`,
  );
  return rows.map(({ id }) => id);
}

const lockedBy = (rowId: string): Promise<string | null> =>
  sql.value("select locked_by from graphile_worker.jobs where id = $1", [rowId]);

test("the queue of a pool that died before any worker noted it is free after a minute", async () => {
  const { id } = await addJob(sql.pool(), { identifier: "single", queue_name: "till" });
  await lock(await wakeUpOf(id), "pool-unknown", 50);
  expect(await sweep()).toStrictEqual([id]);
  expect(await fetchable()).toStrictEqual([]);
  await sql.rows("update graphile_worker._private_jobs set locked_at = locked_at - interval '11 s'");
  await sweep();
  expect(await fetchable()).toStrictEqual([await wakeUpOf(id)]);
});

test("other people's rows stay locked, and so does what their pools hold of ours", async () => {
  const worker = await addWorker(sql);
  await sql.rows("update ratchet.workers set pool_ids = array['pool-live'] where id = $1", [worker]);
  const [plain, plainsNeighbour, foreign, live] = [
    await addForeign("somebody_elses"),
    await wakeUpOf((await addSingle(sql)).id),
    await addForeign("single"),
    await wakeUpOf((await addSingle(sql)).id),
  ];
  await lock(plain, "pool-plain", 3600);
  await lock(plainsNeighbour, "pool-plain", 3600);
  // Old code of the same name that runs without Ratchet.
  await lock(foreign, "pool-old", 3600);
  await lock(live, "pool-live", 3600);
  await sweep();
  expect(await Promise.all([plain, plainsNeighbour, foreign, live].map(lockedBy))).toStrictEqual([
    "pool-plain",
    "pool-plain",
    "pool-old",
    "pool-live",
  ]);
});

test("what a stopped worker's pools still hold, because somebody held a row, is unlocked by the sweep", async () => {
  const worker = await addWorker(sql);
  await sql.rows("update ratchet.workers set pool_ids = array['pool-dead'] where id = $1", [worker]);
  const plain = await addForeign("somebody_elses", ", queue_name => 'till'");
  await lock(plain, "pool-dead", 1);
  await withSession(sql, async (psql) => {
    await psql.query("begin; select from graphile_worker._private_jobs for update");
    await sql.rows("set lock_timeout = '50 ms'; select ratchet_private.release_worker($1)".replace("$1", `${worker}`));
    await sweep();
    expect(await lockedBy(plain)).toBe("pool-dead");
  });
  await sweep();
  expect(await fetchable()).toStrictEqual([plain]);
});

test("a stopped worker's row that somebody's psql holds does not stop the sweep", async () => {
  const worker = await addWorker(sql);
  const { id } = await addSingle(sql);
  const plain = await addForeign("somebody_elses");
  await lock(plain, "pool-dead", 1);
  await claimOne(sql, worker, id);
  await sql.rows("update ratchet.workers set pool_ids = array['pool-dead'], stopped_at = now() where id = $1", [
    worker,
  ]);
  await withSession(sql, async (psql) => {
    await psql.query("begin");
    await psql.query("select from ratchet.workers where id = $1 for update", [worker]);
    expect(await sweep()).toStrictEqual([id]);
    expect(await lockedBy(plain)).toBe("pool-dead");
  });
  await sweep();
  expect(await fetchable()).toContain(plain);
});

test("a foreign row whose worker died in its last attempt is fetched again, until it has become a job", async () => {
  const [fresh, adopted, plain] = [
    await addForeign("single", ", max_attempts => 1"),
    await addForeign("single", ", max_attempts => 1"),
    await addForeign("somebody_elses", ", max_attempts => 1"),
  ];
  const jobId = await sql.value<string>("select ratchet_private.adopt_job('single', '{}', $1, null, 0, now())", [
    adopted,
  ]);
  for (const row of [fresh, adopted, plain]) {
    await lock(row, "pool-dead", 1, true);
  }
  expect(await sql.value("select ratchet_private.free_pools(array['pool-dead'])")).toBe(true);
  expect(await fetchable()).toStrictEqual([fresh]);
  expect(await sql.rows("select id from graphile_worker.jobs order by id")).toStrictEqual([
    { id: fresh },
    { id: plain },
  ]);
  expect(await sweep()).toStrictEqual([jobId]);
});

test("an adopted row that is used up is removed, and one that failed without Ratchet is not", async () => {
  const [adopted, failed] = [await addForeign("single"), await addForeign("single")];
  await sql.rows("select ratchet_private.adopt_job('single', '{}', $1, null, 0, now())", [adopted]);
  await sql.rows("update graphile_worker._private_jobs set attempts = max_attempts where id = any ($1)", [
    [adopted, failed],
  ]);
  await sweep();
  expect(await sql.rows("select id from graphile_worker.jobs where key is null")).toStrictEqual([{ id: failed }]);
});
