import type { TaskStatus } from "./claims.ts";
import { type Queryable, onlyRow } from "./queryable.ts";

/** A job that a worker could take now. */
export interface DueJob {
  readonly jobId: string;
  readonly identifier: string;
}

/** The job that a single worker would run next, by Ratchet's clock; `null` if none is due. `except`: ids left out. */
export async function nextDueJob(db: Queryable, except: readonly string[]): Promise<DueJob | null> {
  const { rows } = await db.query<DueJob>(
    `select id as "jobId", identifier from ratchet.jobs
     where finished_at is null and worker_id is null and version is not null and id <> all ($1::bigint[])
       and coalesce(next_attempt_at, run_at) <= ratchet_private.clock_now()
     order by priority, coalesce(next_attempt_at, run_at), id limit 1`,
    [except],
  );
  return rows[0] ?? null;
}

/** How long until the first of the jobs that wait is due, in ms; `null` if none waits. */
export async function msUntilNextJob(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ ms: number | null }>(
    `select extract(epoch from min(due_at) - ratchet_private.clock_now())::double precision * 1000 as ms
     from ratchet.jobs cross join lateral (select coalesce(next_attempt_at, run_at) as due_at) d
     where finished_at is null and worker_id is null and version is not null and due_at > ratchet_private.clock_now()`,
  );
  return onlyRow(rows).ms;
}

/** Sets Ratchet's clock forward. */
export async function advanceClock(db: Queryable, byMs: number): Promise<void> {
  await db.query("select ratchet_private.advance_clock($1::double precision * interval '1 millisecond')", [byMs]);
}

/** What a task was made from and what it has left. */
export interface TaskOutcome {
  readonly key: string;
  readonly template: string;
  readonly status: TaskStatus;
  readonly result: unknown;
}

/** The tasks of a job in order, with their results. */
export async function readTaskOutcomes(db: Queryable, jobId: string): Promise<TaskOutcome[]> {
  const { rows } = await db.query<TaskOutcome>(
    "select key, template, status, result from ratchet.tasks where job_id = $1::bigint order by position",
    [jobId],
  );
  return rows;
}

/** One failed try, as it is kept. */
export interface TaskFailure {
  /** The task's key. */
  readonly task: string;
  /** Number of the try, from 1. */
  readonly attempt: number;
  /** Name of the error's class. */
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
  /** Whether the try counted against `maxAttempts`. */
  readonly counted: boolean;
  /** How long the job had to wait for its next try, in ms; `null`: it had failed for good. */
  readonly retryInMs: number | null;
}

/** Every failed try of a job, oldest first. */
export async function readFailures(db: Queryable, jobId: string): Promise<TaskFailure[]> {
  const { rows } = await db.query<TaskFailure>(
    `select t.key as task, f.attempt, f.error_name as name, f.error_message as message, f.error_code as code, f.counted,
       round(extract(epoch from f.next_attempt_at - f.failed_at) * 1000)::double precision as "retryInMs"
     from ratchet.task_failures f join ratchet.tasks t on t.job_id = f.job_id and t.position = f.position
     where f.job_id = $1::bigint order by f.id`,
    [jobId],
  );
  return rows;
}
