import type { JobStatus, TaskSnapshot } from "./jobs.ts";
import type { TaskStatus } from "./claims.ts";
import { type Queryable, onlyRow } from "./queryable.ts";

/** A task with what it returned. */
export interface TaskDetails extends TaskSnapshot {
  /** Key of the template it comes from: `upload` of `upload[2]`. */
  readonly template: string;
  /** What its handler returned; `null` for nothing, and until it is COMPLETED. */
  readonly result: unknown;
}

/** Everything about one job. */
export interface JobDetailsRow {
  readonly id: string;
  readonly identifier: string;
  readonly status: JobStatus;
  readonly tenant: string;
  readonly jobKey: string | null;
  readonly createdAt: Date;
  readonly runAt: Date;
  readonly startedAt: Date | null;
  /** When the job reached its final state: COMPLETED, CANCELLED, or FAILED for good. `null`: something will still happen. */
  readonly finishedAt: Date | null;
  /** When a FAILED job is tried again. */
  readonly nextAttemptAt: Date | null;
  /** When the job fails for good unless it has ended; `null`: no limit, or not started yet. */
  readonly timeoutAt: Date | null;
  readonly cancelReason: string | null;
  /** As it was queued. */
  readonly payload: unknown;
  /** In the order they run. */
  readonly tasks: readonly TaskDetails[];
}

type TaskItem = [
  number,
  string,
  string,
  string,
  TaskStatus,
  number,
  string | null,
  string | null,
  string | null,
  number | null,
  unknown,
];

interface JobItem {
  readonly id: string;
  readonly identifier: string;
  readonly status: JobStatus;
  readonly tenant: string;
  readonly job_key: string | null;
  readonly created_at: string;
  readonly run_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly next_attempt_at: string | null;
  readonly timeout_at: string | null;
  readonly cancel_reason: string | null;
  readonly payload: unknown;
  readonly tasks: TaskItem[];
}

/** Those of the jobs that exist, with payload, tasks and results, by id. */
export async function readJobDetails(db: Queryable, jobIds: readonly string[]): Promise<Map<string, JobDetailsRow>> {
  const { rows } = await db.query<{ jobs: string }>(
    `select coalesce(json_agg(json_build_object(
       'id', j.id::text, 'identifier', j.identifier, 'status', j.status, 'tenant', j.tenant, 'job_key', j.job_key,
       'created_at', j.created_at, 'run_at', j.run_at, 'started_at', j.started_at, 'finished_at', j.finished_at,
       'next_attempt_at', j.next_attempt_at, 'timeout_at', j.timeout_at, 'cancel_reason', j.cancel_reason, 'payload', j.payload,
       'tasks', (
         select coalesce(json_agg(json_build_array(t.position, t.key, t.template, t.name, t.status, t.attempts, t.started_at,
           t.completed_at, t.error_message, t.progress, t.result) order by t.position), '[]')
         from ratchet.tasks t where t.job_id = j.id))), '[]')::text as jobs
     from ratchet.jobs j where j.id = any ($1::text::bigint[])`,
    [arrayText(jobIds)],
  );
  const jobs = JSON.parse(onlyRow(rows).jobs) as JobItem[];
  return new Map(jobs.map((job) => [job.id, detailsOf(job)]));
}

function detailsOf(job: JobItem): JobDetailsRow {
  return {
    id: job.id,
    identifier: job.identifier,
    status: job.status,
    tenant: job.tenant,
    jobKey: job.job_key,
    createdAt: new Date(job.created_at),
    runAt: new Date(job.run_at),
    startedAt: dateOf(job.started_at),
    finishedAt: dateOf(job.finished_at),
    nextAttemptAt: dateOf(job.next_attempt_at),
    timeoutAt: dateOf(job.timeout_at),
    cancelReason: job.cancel_reason,
    payload: job.payload,
    tasks: job.tasks.map(
      ([
        position,
        key,
        template,
        name,
        status,
        attempts,
        startedAt,
        completedAt,
        errorMessage,
        progress,
        result,
      ]): TaskDetails => ({
        position,
        key,
        template,
        name,
        status,
        attempts,
        startedAt: dateOf(startedAt),
        completedAt: dateOf(completedAt),
        errorMessage,
        progress,
        result,
      }),
    ),
  };
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}

/** Where a job stands that somebody waits for. */
export interface WaitedJob {
  readonly id: string;
  readonly tenant: string;
  readonly status: JobStatus;
  /** Whether nothing more happens by itself. */
  readonly isFinal: boolean;
}

/** Where those of the jobs stand that exist. */
export async function readWaitedJobs(db: Queryable, jobIds: readonly string[]): Promise<WaitedJob[]> {
  const { rows } = await db.query<{ jobs: string }>(
    `select coalesce(json_agg(json_build_array(j.id::text, j.tenant, j.status, j.finished_at is not null)), '[]')::text as jobs
     from ratchet.jobs j where j.id = any ($1::text::bigint[])`,
    [arrayText(jobIds)],
  );
  const items = JSON.parse(onlyRow(rows).jobs) as [string, string, JobStatus, boolean][];
  return items.map(([id, tenant, status, isFinal]) => ({ id, tenant, status, isFinal }));
}

/** An array of numbers as Postgres reads it. */
function arrayText(numbers: readonly string[]): string {
  return `{${numbers.join(",")}}`;
}
