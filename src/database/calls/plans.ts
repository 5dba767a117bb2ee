import type { JobStatus } from "./jobs.ts";
import type { TaskStatus } from "./claims.ts";
import { type Queryable, onlyRow } from "./queryable.ts";

/** A row of `ratchet.jobs`, as far as a program that brings its own plan needs it. */
export interface JobRow {
  readonly id: string;
  readonly identifier: string;
  readonly tenant: string;
  readonly status: JobStatus;
  readonly payload: unknown;
}

/** A row of `ratchet.tasks`. */
export interface TaskRow {
  readonly jobId: string;
  readonly position: number;
  readonly key: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly attempts: number;
  readonly result: unknown;
  readonly errorMessage: string | null;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
}

const TASK_COLUMNS = `
  job_id as "jobId", position, key, name, status, attempts, result, error_message as "errorMessage",
  started_at as "startedAt", completed_at as "completedAt"`;

/** A job outside the queue: no definition, no plan yet, no wake-up. */
export async function createJob(db: Queryable, identifier: string, payload: unknown, tenant: string): Promise<JobRow> {
  const { rows } = await db.query<JobRow>(
    "select id, identifier, tenant, status, payload from ratchet_private.create_job($1, $2, $3)",
    [identifier, JSON.stringify(payload), tenant],
  );
  return onlyRow(rows);
}

/** The plan of such a job: one task a name, in order. */
export async function createTasks(db: Queryable, jobId: string, names: readonly string[]): Promise<TaskRow[]> {
  const { rows } = await db.query<TaskRow>(
    `select ${TASK_COLUMNS} from ratchet_private.create_tasks($1, $2) order by position`,
    [jobId, names],
  );
  return rows;
}

/** All tasks of a job in one query, whatever their number. */
export async function readTasks(db: Queryable, jobId: string): Promise<TaskRow[]> {
  const { rows } = await db.query<TaskRow>(
    `select ${TASK_COLUMNS} from ratchet.tasks where job_id = $1 order by position`,
    [jobId],
  );
  return rows;
}
