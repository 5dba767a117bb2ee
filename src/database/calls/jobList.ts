import type { JobStatus } from "./jobs.ts";
import { type Queryable, onlyRow } from "./queryable.ts";

/** One line about a job. */
export interface JobOverview {
  /** Decimal digits; compare for equality only. */
  readonly id: string;
  readonly identifier: string;
  readonly tenant: string;
  readonly status: JobStatus;
  /** Finished tasks / all tasks, such as `2/5`. */
  readonly progress: string;
  /** Name of the first task that is not finished; empty if all are. */
  readonly task: string;
  /** Counted tries of that task. */
  readonly attempts: number;
  /** Why that task failed last, if it is FAILED. */
  readonly errorMessage: string | null;
  readonly nextAttemptAt: Date | null;
  readonly runAt: Date;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly workerId: number | null;
  readonly jobKey: string | null;
}

/** Which jobs {@link listJobs} gives. Everything that is given must hold. */
export interface JobFilter {
  /** One status, or any of several. */
  readonly status?: JobStatus | readonly JobStatus[] | undefined;
  readonly identifier?: string | readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly jobKey?: string | undefined;
  /** `true`: nothing more happens by itself. A FAILED job that will be tried again is not final. */
  readonly isFinal?: boolean | undefined;
  /** Created at this time or later. */
  readonly createdAfter?: Date | undefined;
  /** Created before this time. */
  readonly createdBefore?: Date | undefined;
  /**
   * The job's number, or a text in its identifier, key, reason of cancelling, payload (as JSON) or its failed task's error, in
   * capitals or not. Reads job after job, newest first, until `limit` are found: seconds for each million jobs if few match;
   * `beforeId` begins lower down.
   */
  readonly search?: string | undefined;
  /** Only jobs older than the one with this id: the last id of the page before. */
  readonly beforeId?: string | undefined;
  /** The most jobs to give. */
  readonly limit: number;
}

interface OverviewItem {
  readonly id: string;
  readonly identifier: string;
  readonly tenant: string;
  readonly status: JobStatus;
  readonly progress: string;
  readonly task: string;
  readonly attempts: number;
  readonly error_message: string | null;
  readonly next_attempt_at: string | null;
  readonly run_at: string;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly worker_id: number | null;
  readonly job_key: string | null;
}

/** Jobs that match, newest first. */
export async function listJobs(db: Queryable, filter: JobFilter): Promise<JobOverview[]> {
  const values: unknown[] = [];
  const conditions = conditionsOf(filter, (value) => `$${values.push(value)}`);
  // The ids first: tasks are counted for the page only.
  const { rows } = await db.query<{ jobs: string }>(
    `with page as materialized (
       select j.id from ratchet.jobs j
       ${conditions.length > 0 ? `where ${conditions.join(" and ")}` : ""}
       order by j.id desc limit $${values.push(filter.limit)}::integer)
     select coalesce(json_agg(json_build_object(
       'id', j.id::text, 'identifier', j.identifier, 'tenant', j.tenant, 'status', j.status,
       'progress', format('%s/%s', t.finished, t.total), 'task', coalesce(f.name, ''), 'attempts', coalesce(f.attempts, 0),
       'error_message', f.error_message, 'next_attempt_at', j.next_attempt_at, 'run_at', j.run_at, 'created_at', j.created_at,
       'started_at', j.started_at, 'finished_at', j.finished_at, 'worker_id', j.worker_id, 'job_key', j.job_key)
       order by j.id desc), '[]')::text as jobs
     from page join ratchet.jobs j using (id)
     cross join lateral (
       select count(*) as total, count(*) filter (where t.status in ('COMPLETED', 'SKIPPED')) as finished
       from ratchet.tasks t where t.job_id = j.id) t
     left join lateral (
       select t.name, t.attempts, t.error_message from ratchet.tasks t
       where t.job_id = j.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
       order by t.position limit 1) f on true`,
    values,
  );
  return (JSON.parse(onlyRow(rows).jobs) as OverviewItem[]).map(overviewOf);
}

/** Statuses of jobs that are never final: the CHECK `jobs_finished_at_exactly_when_final`. */
const UNFINISHED_STATUSES: ReadonlySet<JobStatus> = new Set(["PENDING", "RUNNING", "WAITING"]);

/** Written out, so that the index of unfinished jobs and the primary key are seen to fit. */
function conditionsOf(filter: JobFilter, place: (value: unknown) => string): string[] {
  const conditions: string[] = [];
  if (filter.isFinal !== undefined) {
    conditions.push(filter.isFinal ? "j.finished_at is not null" : "j.finished_at is null");
  }
  if (filter.beforeId !== undefined) {
    conditions.push(`j.id < ${place(filter.beforeId)}::text::bigint`);
  }
  if (filter.status !== undefined) {
    const statuses = typeof filter.status === "string" ? [filter.status] : filter.status;
    conditions.push(`j.status::text = any (${place(listText(statuses))}::text::text[])`);
    if (statuses.every((status) => UNFINISHED_STATUSES.has(status))) {
      // No index holds the status; this one condition spares reading every finished job where few or none match.
      conditions.push("j.finished_at is null");
    }
  }
  if (filter.identifier !== undefined) {
    conditions.push(`j.identifier = any (${place(listText(filter.identifier))}::text::text[])`);
  }
  if (filter.tenant !== undefined) {
    conditions.push(`j.tenant = ${place(filter.tenant)}::text`);
  }
  if (filter.jobKey !== undefined) {
    conditions.push(`j.job_key = ${place(filter.jobKey)}::text`);
  }
  if (filter.createdAfter !== undefined) {
    conditions.push(`j.created_at >= ${place(filter.createdAfter.toISOString())}::text::timestamptz`);
  }
  if (filter.createdBefore !== undefined) {
    conditions.push(`j.created_at < ${place(filter.createdBefore.toISOString())}::text::timestamptz`);
  }
  if (filter.search !== undefined && filter.search !== "") {
    const text = place(filter.search);
    // As ratchet_private.jobs_with_text, without its bound. Not exists, for which Postgres may read all tasks into a hash.
    conditions.push(
      `(j.id::text = ${text}::text or strpos(lower(j.identifier), lower(${text}::text)) > 0
        or strpos(lower(j.job_key), lower(${text}::text)) > 0 or strpos(lower(j.payload::text), lower(${text}::text)) > 0
        or strpos(lower(j.cancel_reason), lower(${text}::text)) > 0
        or (j.status = 'FAILED' and (
          select true from ratchet.tasks t
          where t.job_id = j.id and t.status = 'FAILED' and strpos(lower(t.error_message), lower(${text}::text)) > 0 limit 1)))`,
    );
  }
  return conditions;
}

/** One text or several, as Postgres reads an array. */
function listText(texts: string | readonly string[]): string {
  const list = typeof texts === "string" ? [texts] : texts;
  return `{${list.map((text) => `"${text.replaceAll(/["\\]/gv, String.raw`\$&`)}"`).join(",")}}`;
}

function overviewOf(job: OverviewItem): JobOverview {
  return {
    id: job.id,
    identifier: job.identifier,
    tenant: job.tenant,
    status: job.status,
    progress: job.progress,
    task: job.task,
    attempts: job.attempts,
    errorMessage: job.error_message,
    nextAttemptAt: dateOf(job.next_attempt_at),
    runAt: new Date(job.run_at),
    createdAt: new Date(job.created_at),
    startedAt: dateOf(job.started_at),
    finishedAt: dateOf(job.finished_at),
    workerId: job.worker_id,
    jobKey: job.job_key,
  };
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
