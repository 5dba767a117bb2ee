import { type Queryable, onlyRow } from "./queryable.ts";
import type { JobStatus } from "./jobs.ts";

/** A job as an order left it. */
export interface OrderedJob {
  readonly id: string;
  readonly status: JobStatus;
}

/** Options of {@link retryJob}. */
export interface RetryJobOptions {
  /** Key of a task (`create`, `upload[2]`), or of a template: it and all tasks after it run anew, even COMPLETED ones. Default: goes on where the job stopped. */
  readonly fromTask?: string | undefined;
  /** Kept in `ratchet.audit`. */
  readonly reason?: string | undefined;
}

/**
 * Stops a job for good; a handler that runs is told within about a second. One that is CANCELLED already stays as it is.
 * @param reason kept in the job and in `ratchet.audit`.
 * @throws RT013 (no such job), RT016 (it has ended otherwise)
 */
export async function cancelJob(db: Queryable, jobId: string, reason?: string): Promise<OrderedJob> {
  const { rows } = await db.query<OrderedJob>(
    "select id, status from ratchet.cancel_job(job_id => $1::bigint, reason => $2::text)",
    [jobId, reason ?? null],
  );
  return onlyRow(rows);
}

/**
 * Lets a job that is FAILED, for good or not, or CANCELLED go on at once, with all its tries.
 * @throws RT008 (no such task), RT013 (no such job), RT017 (it cannot be tried again as it stands), RT018 (it was scrubbed),
 * RT019 (another job has its key)
 */
export async function retryJob(
  db: Queryable,
  jobId: string,
  { fromTask, reason }: RetryJobOptions = {},
): Promise<OrderedJob> {
  const { rows } = await db.query<OrderedJob>(
    "select id, status from ratchet.retry_job(job_id => $1::bigint, from_task => $2::text, reason => $3::text)",
    [jobId, fromTask ?? null, reason ?? null],
  );
  return onlyRow(rows);
}

/**
 * Takes payload, inputs, results and error texts out of a finished job; its history stays, and it cannot be tried again.
 * @param reason kept in `ratchet.audit`.
 * @throws RT013 (no such job), RT020 (it is not finished)
 */
export async function scrubJob(db: Queryable, jobId: string, reason?: string): Promise<OrderedJob> {
  const { rows } = await db.query<OrderedJob>(
    "select id, status from ratchet.scrub_job(job_id => $1::bigint, reason => $2::text)",
    [jobId, reason ?? null],
  );
  return onlyRow(rows);
}

/** Deletes at most `maxJobs` finished jobs that are kept no longer; returns how many. */
export async function pruneJobs(db: Queryable, maxJobs: number): Promise<number> {
  const { rows } = await db.query<{ count: string }>("select ratchet.prune_jobs($1::integer) as count", [maxJobs]);
  return Number(onlyRow(rows).count);
}

/** Jobs of one kind that {@link pruneJobs} would delete. */
export interface PrunableJobs {
  readonly identifier: string;
  readonly status: JobStatus;
  readonly jobs: number;
}

/** What {@link pruneJobs} would delete if it were called until nothing is left. */
export async function countPrunableJobs(db: Queryable): Promise<PrunableJobs[]> {
  const { rows } = await db.query<PrunableJobs>(
    `select j.identifier, j.status, count(*)::integer as jobs
     from ratchet_private.prunable_jobs() p (id) join ratchet.jobs j on j.id = p.id
     group by j.identifier, j.status order by j.identifier, j.status`,
  );
  return rows;
}
