import type pg from "pg";

import type { Strike } from "./faults/fault.ts";
import type { Fleet } from "./fleet.ts";
import type { LedgerEntry } from "./ledgerFile.ts";
import type { Load } from "./load.ts";
import type { Behaviour, ChaosIdentifier, ChaosPayload } from "./plans.ts";

/** A job as it stands at the end. */
export interface JobRow {
  readonly id: string;
  readonly identifier: ChaosIdentifier;
  readonly status: string;
  readonly fence: number;
  readonly maxAttempts: number;
  readonly isFinished: boolean;
  readonly payload: ChaosPayload;
}

/** A task as it stands at the end. */
export interface TaskRow {
  readonly jobId: string;
  readonly position: number;
  readonly status: string;
  readonly fence: number;
  readonly attempts: number;
  readonly template: string;
  readonly input: Behaviour | null;
}

/** A failed, timed-out or orphaned try that Ratchet kept. */
export interface FailureRow {
  readonly jobId: string;
  readonly position: number;
  readonly fence: number;
  readonly counted: boolean;
  readonly name: string | null;
  readonly message: string;
  readonly code: string | null;
}

/** A task's change of status, in the order of the table's own numbers; `committedMs` is when its transaction ended. */
export interface ChangeRow {
  readonly id: number;
  readonly jobId: string;
  readonly position: number;
  readonly from: string;
  readonly to: string;
  readonly oldFence: number;
  readonly newFence: number;
  readonly byOperator: boolean;
  readonly committedMs: number | null;
}

/** A change of the worker that holds a job. */
export interface HolderRow {
  readonly jobId: string;
  readonly oldWorker: number | null;
  readonly newWorker: number | null;
  readonly newFence: number;
  readonly committedMs: number | null;
}

/** An operator's order. */
export interface OrderRow {
  readonly jobId: string;
  readonly action: string;
  readonly atMs: number;
}

/** All that a run has left, read when it is over. */
export interface Evidence {
  readonly jobs: ReadonlyMap<string, JobRow>;
  /** By job, in the order of their positions. */
  readonly tasks: ReadonlyMap<string, readonly TaskRow[]>;
  readonly failures: readonly FailureRow[];
  readonly changes: readonly ChangeRow[];
  readonly holders: readonly HolderRow[];
  /** Rows that transaction tasks have written. */
  readonly effects: readonly { readonly jobId: string; readonly position: number; readonly fence: number }[];
  readonly orders: readonly OrderRow[];
  readonly violations: readonly { readonly jobId: string; readonly text: string }[];
  readonly entries: readonly LedgerEntry[];
  readonly strikes: readonly Strike[];
  readonly load: Pick<Load, "added" | "planned" | "halfPlanned">;
  readonly fleet: Pick<Fleet, "kills" | "unaskedExits" | "badStops">;
}

/** Something that must not be, with what shows it. */
export interface Finding {
  readonly jobId: string | null;
  readonly text: string;
}

/** Reads what Postgres holds at the end of a run. */
export async function readEvidence(
  admin: pg.Pool,
  rest: Pick<Evidence, "entries" | "strikes" | "load" | "fleet">,
): Promise<Evidence> {
  const rows = async <Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> => (await admin.query<Row>(sql)).rows;
  const jobs = await rows<JobRow>(
    `select id, identifier, status, fence, coalesce(max_attempts, 12) as "maxAttempts",
       finished_at is not null as "isFinished", payload from ratchet.jobs`,
  );
  const tasks = await rows<TaskRow>(
    `select job_id as "jobId", position, status, fence, attempts, template, input
     from ratchet.tasks order by job_id, position`,
  );
  return {
    ...rest,
    jobs: new Map(jobs.map((job) => [job.id, job])),
    tasks: Map.groupBy(tasks, ({ jobId }) => jobId),
    failures: await rows(
      `select job_id as "jobId", position, fence, counted, error_name as name, error_message as message, error_code as code
       from ratchet.task_failures order by id`,
    ),
    changes: await rows(
      `select id::integer, job_id as "jobId", position, old_status as "from", new_status as "to", old_fence as "oldFence",
         new_fence as "newFence", coalesce(by_operator, false) as "byOperator",
         extract(epoch from pg_xact_commit_timestamp(transaction))::double precision * 1000 as "committedMs"
       from chaos.task_changes order by id`,
    ),
    holders: await rows(
      `select job_id as "jobId", old_worker as "oldWorker", new_worker as "newWorker", new_fence as "newFence",
         extract(epoch from pg_xact_commit_timestamp(transaction))::double precision * 1000 as "committedMs"
       from chaos.holders order by id`,
    ),
    effects: await rows(`select job_id as "jobId", position, fence from chaos.effects`),
    orders: await rows(
      `select job_id as "jobId", action, extract(epoch from at)::double precision * 1000 as "atMs" from ratchet.audit
       where job_id is not null order by id`,
    ),
    violations: await rows(
      `select job_id as "jobId", rule || ': ' || detail as text from ratchet.all_violations()
       union select job_id, rule || ': ' || detail from ratchet.violations`,
    ),
  };
}

/** The name of a task within a run. */
export function placeOf({ jobId, position }: { readonly jobId: string; readonly position: number }): string {
  return `${jobId}/${position}`;
}
