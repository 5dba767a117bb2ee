import { FIVE, PARTS } from "../workerRun.ts";
import type { RatchetDatabase } from "../workloads/ratchetDatabase.ts";

/** What the pages are opened for. */
export interface Rows {
  /** A job of five tasks that has failed for good. */
  readonly failedId: string;
  /** A job of 10,000 tasks that is due. */
  readonly longId: string;
}

/** How many jobs there are, and within how many hours up to now they ended. */
export interface Amount {
  readonly jobs: number;
  readonly hours: number;
}

/** Jobs that are due; all others ended. */
const DUE = 10_000;

/**
 * Fills the tables: so many jobs of five tasks, 10,000 of them due, the others ended evenly over the last hours, one in a
 * hundred FAILED; and one job of 10,000 tasks. The rows are written straight, for a worker would take longer than the measurement.
 */
export async function addJobs(ratchet: RatchetDatabase, { jobs, hours }: Amount): Promise<Rows> {
  const { client } = ratchet.database;
  const ended = jobs - DUE;
  await client.query("set session_replication_role = replica");
  await client.query(
    `insert into ratchet.jobs (identifier, version, status, run_at, created_at, started_at, finished_at, payload, job_key)
     select d.identifier, d.version, s.status::ratchet.job_status, s.at, s.at, s.at, s.at,
       jsonb_build_object('title', 'Jacket ' || n, 'sku', 'JKT-' || n, 'images', jsonb_build_array('a.jpg', 'b.jpg', 'c.jpg')), 'listing:' || n
     from generate_series(1, $1::integer) n
     cross join (select identifier, version from ratchet.definitions where identifier = $2) d
     cross join lateral (
       select now() - (($1::integer - n) * make_interval(hours => $3::integer)) / $1::integer as at,
         case when n % 100 = 0 then 'FAILED' else 'COMPLETED' end as status) s`,
    [ended, FIVE, hours],
  );
  await client.query(
    `insert into ratchet.tasks (job_id, position, status, attempts, key, template, name, started_at, completed_at, error_message)
     select j.id, p, s.status::ratchet.task_status, case when s.status = 'PENDING' then 0 else 1 end, 't' || p, 't' || p, 'Task ' || p,
       case when s.status <> 'PENDING' then j.finished_at end, case when s.status = 'COMPLETED' then j.finished_at end,
       case when s.status = 'FAILED' then 'fetch failed: read ECONNRESET' end
     from ratchet.jobs j cross join generate_series(1, 5) p
     cross join lateral (
       select case when j.status = 'COMPLETED' or p < 3 then 'COMPLETED' when p = 3 then 'FAILED' else 'PENDING' end as status) s`,
  );
  await client.query("set session_replication_role = origin");
  await ratchet.add(DUE - 1);
  await ratchet.addParts(1, 10_000);
  await client.query("vacuum analyze");
  const { rows } = await client.query<Rows>(
    `select (select max(id) from ratchet.jobs where status = 'FAILED' and finished_at is not null)::text as "failedId",
       (select max(id) from ratchet.jobs where identifier = $1)::text as "longId"`,
    [PARTS],
  );
  const [found] = rows;
  if (found === undefined) {
    throw new Error("No job was written.");
  }
  return found;
}
