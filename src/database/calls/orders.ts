import { RatchetError } from "../../errors/ratchetError.ts";
import { codeOf, troubleOf } from "../transientErrors.ts";
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
 * Leaves a task out that is PENDING, RUNNING or FAILED; the job goes on at the next one at once. A handler that runs it is told
 * within about a second.
 * @param task its key, such as `upload[2]`.
 * @param reason kept in `ratchet.audit`.
 * @throws RT008 (no such task), RT013 (no such job), RT018 (it was scrubbed), RT019 (another job has its key), RT023 (the task has
 * ended)
 */
export async function skipTask(db: Queryable, jobId: string, task: string, reason?: string): Promise<OrderedJob> {
  const { rows } = await db.query<OrderedJob>(
    "select id, status from ratchet.skip_task(job_id => $1::bigint, task => $2::text, reason => $3::text)",
    [jobId, task, reason ?? null],
  );
  return onlyRow(rows);
}

/** What {@link completeTask} takes besides the job and the task. */
export interface CompleteTaskOptions {
  /** What later handlers read, as JSON text; `null`: nothing. */
  readonly result: string | null;
  /** Kept in `ratchet.audit`. */
  readonly reason?: string | undefined;
}

/**
 * Says that the first unfinished task of a job was done by hand; the job goes on at the next one at once. No try is counted.
 * @param task its key, such as `upload[2]`.
 * @throws as {@link skipTask}, and RT006 (the result is over 1 MiB), RT024 (a task before it has not ended), RT116 (Postgres
 * cannot store the result)
 */
export async function completeTask(
  db: Queryable,
  jobId: string,
  task: string,
  { result, reason }: CompleteTaskOptions,
): Promise<OrderedJob> {
  try {
    const { rows } = await db.query<OrderedJob>(
      "select id, status from ratchet.complete_task(job_id => $1::bigint, task => $2::text, result => $3::text::jsonb, reason => $4::text)",
      [jobId, task, result, reason ?? null],
    );
    return onlyRow(rows);
  } catch (error) {
    // Ours have said it already.
    if (error instanceof Error && troubleOf(error) === "value refused" && !/^(?:RT|P0)/v.test(codeOf(error) ?? "")) {
      throw new RatchetError("RT116", `Postgres refuses the result of "${task}": ${error.message}.`, { cause: error });
    }
    throw error;
  }
}

/** What {@link rescheduleJob} takes besides the job; one of the first two must be there. */
export interface RescheduleOptions {
  /** When the job is to run; a time that has passed means at once. */
  readonly runAt?: Date | undefined;
  /** Smaller numbers run earlier. */
  readonly priority?: number | undefined;
  /** Kept in `ratchet.audit`. */
  readonly reason?: string | undefined;
}

/**
 * Gives a job that no worker has another time, that of the next try if it has FAILED, or another priority.
 * @throws RT006 (neither is given), RT013 (no such job), RT016 (it has ended), RT025 (it runs, is outside the queue, or would pass
 * its time-out)
 */
export async function rescheduleJob(
  db: Queryable,
  jobId: string,
  { runAt, priority, reason }: RescheduleOptions,
): Promise<OrderedJob> {
  const { rows } = await db.query<OrderedJob>(
    `select id, status from ratchet.reschedule_job(
       job_id => $1::bigint, run_at => $2::text::timestamptz, priority => $3::integer, reason => $4::text)`,
    [jobId, runAt?.toISOString() ?? null, priority ?? null, reason ?? null],
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
