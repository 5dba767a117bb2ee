import { type Queryable, onlyRow } from "./queryable.ts";
import type { TaskStatus } from "./claims.ts";

/** Statuses of a job, as in the type `ratchet.job_status`. */
export type JobStatus = "PENDING" | "RUNNING" | "WAITING" | "COMPLETED" | "FAILED" | "CANCELLED";

/** What `ratchet.add_job` takes. */
export interface AddJobSpec {
  readonly identifier: string;
  /** A JSON object. */
  readonly payload: unknown;
  /** Only these tasks of the plan, in this order: keys, template keys or names. Default: the whole plan. */
  readonly taskNames?: readonly string[] | undefined;
  /** Default: now. */
  readonly runAt?: Date | undefined;
  /** Counted tries per task. Default: the definition's. */
  readonly maxAttempts?: number | undefined;
  /** Default: the definition's. */
  readonly retryDelayMs?: number | undefined;
  /** Smaller runs earlier, -32768 to 32767. Default 0. */
  readonly priority?: number | undefined;
  /** Jobs of one queue run one after another. */
  readonly queueName?: string | undefined;
  /** At most one unfinished job per tenant has this key. */
  readonly jobKey?: string | undefined;
  /** What happens to an unfinished job with the same key. Default `replace`. */
  readonly jobKeyMode?: "replace" | "preserve_run_at" | "unsafe_dedupe" | undefined;
  /** Default `default`. */
  readonly tenant?: string | undefined;
}

/** One task as people see it. */
export interface TaskSnapshot {
  readonly position: number;
  readonly key: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly attempts: number;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly errorMessage: string | null;
  /** 0 to 1, as the handler last reported it. */
  readonly progress: number | null;
}

/** A job with its plan at one moment. */
export interface JobSnapshot {
  readonly id: string;
  readonly identifier: string;
  readonly status: JobStatus;
  readonly tenant: string;
  readonly createdAt: Date;
  readonly runAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly nextAttemptAt: Date | null;
  /** When the job fails for good unless it has ended; `null`: no limit, or not started yet. */
  readonly timeoutAt: Date | null;
  readonly cancelReason: string | null;
  /** The database's clock at that moment, which countdowns go by. */
  readonly now: Date;
  readonly tasks: readonly TaskSnapshot[];
}

/** Adds a job with its plan, in the transaction `db` is in; returns its id. */
export async function addJob(db: Queryable, spec: AddJobSpec): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    // Not from the function: a column added while it waits for a migration would be one more than the plan expects.
    `select (ratchet.add_job(
       identifier => $1::text, payload => $2::text::jsonb, task_names => $3::text[], run_at => $4::timestamptz,
       max_attempts => $5::integer, retry_delay => $6::double precision * interval '1 millisecond', priority => $7::integer,
       queue_name => $8::text, job_key => $9::text, job_key_mode => $10::text, tenant => $11::text)).id`,
    [
      spec.identifier,
      JSON.stringify(spec.payload),
      spec.taskNames ?? null,
      spec.runAt ?? null,
      spec.maxAttempts ?? null,
      spec.retryDelayMs ?? null,
      spec.priority ?? 0,
      spec.queueName ?? null,
      spec.jobKey ?? null,
      spec.jobKeyMode ?? null,
      spec.tenant ?? null,
    ],
  );
  return onlyRow(rows).id;
}

type TaskRow = [number, string, string, TaskStatus, number, string | null, string | null, string | null, number | null];

interface SnapshotRow {
  id: string;
  identifier: string;
  status: JobStatus;
  tenant: string;
  created_at: Date;
  run_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  next_attempt_at: Date | null;
  timeout_at: Date | null;
  cancel_reason: string | null;
  now: Date;
  tasks: TaskRow[] | null;
}

/** A task as a plan would have it. */
export interface PlannedTask {
  readonly position: number;
  readonly key: string;
  readonly name: string;
  readonly template: string;
}

/** The plan that {@link addJob} would make, or its error; writes nothing. */
export async function previewPlan(
  db: Queryable,
  { identifier, payload, taskNames, tenant }: Pick<AddJobSpec, "identifier" | "payload" | "taskNames" | "tenant">,
): Promise<PlannedTask[]> {
  const { rows } = await db.query<PlannedTask>(
    `select p.position, p.key, p.name, p.template
     from ratchet.preview_plan(identifier => $1::text, payload => $2::text::jsonb, task_names => $3::text[], tenant => $4::text) p
     order by p.position`,
    [identifier, JSON.stringify(payload), taskNames ?? null, tenant ?? null],
  );
  return rows;
}

/** A job with its whole plan in one query; `null` if there is none. */
export async function readJob(db: Queryable, jobId: string): Promise<JobSnapshot | null> {
  const { rows } = await db.query<SnapshotRow>(
    `select j.id, j.identifier, j.status, j.tenant, j.created_at, j.run_at, j.started_at, j.finished_at, j.next_attempt_at,
       j.timeout_at, j.cancel_reason, ratchet_private.clock_now() as now,
       (select json_agg(json_build_array(t.position, t.key, t.name, t.status, t.attempts, t.started_at, t.completed_at,
          t.error_message, t.progress) order by t.position)
        from ratchet.tasks t where t.job_id = j.id) as tasks
     from ratchet.jobs j where j.id = $1::text::bigint`,
    [jobId],
  );
  const [row] = rows;
  if (row === undefined) {
    return null;
  }
  return {
    id: row.id,
    identifier: row.identifier,
    status: row.status,
    tenant: row.tenant,
    createdAt: row.created_at,
    runAt: row.run_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    nextAttemptAt: row.next_attempt_at,
    timeoutAt: row.timeout_at,
    cancelReason: row.cancel_reason,
    now: row.now,
    tasks: (row.tasks ?? []).map(
      ([position, key, name, status, attempts, startedAt, completedAt, errorMessage, progress]) => ({
        position,
        key,
        name,
        status,
        attempts,
        startedAt: dateOf(startedAt),
        completedAt: dateOf(completedAt),
        errorMessage,
        progress,
      }),
    ),
  };
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}

/**
 * One sentence: why a job is where it is and what happens next.
 * @throws RT013 if there is no such job.
 */
export async function explainJob(db: Queryable, jobId: string): Promise<string> {
  const { rows } = await db.query<{ sentence: string }>("select ratchet.explain_job($1::text::bigint) as sentence", [
    jobId,
  ]);
  return onlyRow(rows).sentence;
}

/** About how many seconds until a job is COMPLETED; `null` if it has ended or nobody knows. */
export async function readEtaSeconds(db: Queryable, jobId: string): Promise<number | null> {
  const { rows } = await db.query<{ seconds: number | null }>(
    "select ratchet.jobs_eta_seconds(j) as seconds from ratchet.jobs j where j.id = $1::text::bigint",
    [jobId],
  );
  return rows[0]?.seconds ?? null;
}
