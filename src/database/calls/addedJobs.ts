import type { AddJobSpec, JobStatus } from "./jobs.ts";
import { type Queryable, onlyRow } from "./queryable.ts";

/** A job as it was when it was added. */
export interface AddedJobRow {
  /** Decimal digits; compare for equality only. */
  readonly id: string;
  readonly identifier: string;
  /** `PENDING`, unless the job key led to a job that was there before. */
  readonly status: JobStatus;
  readonly tenant: string;
  readonly jobKey: string | null;
  readonly runAt: Date;
  readonly createdAt: Date;
}

/** What {@link addJobs} resolves to. */
export interface AddJobsAnswer {
  /** In the order of the specs. */
  readonly jobs: AddedJobRow[];
  /** The number of the transaction, by which {@link transactionOutcome} finds out how it ended. */
  readonly transaction: string;
}

/**
 * One job as JSON, as `ratchet.add_jobs` takes it.
 * @param payload JSON text, which is stored as it is.
 */
export function jobSpecText(spec: Omit<AddJobSpec, "payload">, payload: string): string {
  const fields = JSON.stringify({
    identifier: spec.identifier,
    task_names: spec.taskNames,
    run_at: spec.runAt?.toISOString(),
    max_attempts: spec.maxAttempts,
    retry_delay: spec.retryDelayMs === undefined ? undefined : `${spec.retryDelayMs} milliseconds`,
    priority: spec.priority,
    queue_name: spec.queueName,
    job_key: spec.jobKey,
    job_key_mode: spec.jobKeyMode,
    tenant: spec.tenant,
  });
  return `${fields.slice(0, -1)},"payload":${payload}}`;
}

type AddedJobItem = [string, string, JobStatus, string, string | null, string, string];

/**
 * Adds jobs in the transaction `db` is in, all or none. One text goes in and texts come out, because every driver hands
 * those on alike.
 * @param specs made by {@link jobSpecText}.
 */
export async function addJobs(db: Queryable, specs: readonly string[]): Promise<AddJobsAnswer> {
  const { rows } = await db.query<{ jobs: string; transaction: string }>(
    `select coalesce(json_agg(json_build_array(
         j.id::text, j.identifier, j.status, j.tenant, j.job_key, j.run_at, j.created_at) order by j.ordinality), '[]')::text as jobs,
       pg_catalog.pg_current_xact_id()::text as transaction
     from ratchet.add_jobs($1::text::jsonb) with ordinality j`,
    [`[${specs.join(",")}]`],
  );
  const { jobs, transaction } = onlyRow(rows);
  return { jobs: (JSON.parse(jobs) as AddedJobItem[]).map(addedJobOf), transaction };
}

function addedJobOf([id, identifier, status, tenant, jobKey, runAt, createdAt]: AddedJobItem): AddedJobRow {
  return { id, identifier, status, tenant, jobKey, runAt: new Date(runAt), createdAt: new Date(createdAt) };
}
