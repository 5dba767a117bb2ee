import type { Queryable } from "./queryable.ts";

/** A try that counts as failed because a worker died in it. */
export interface CountedDeath {
  readonly jobId: string;
  readonly identifier: string;
  /** Key of the task. */
  readonly task: string;
  readonly position: number;
  readonly attempt: number;
  readonly durationMs: number;
  /** `null`: the job has failed for good. */
  readonly retryInMs: number | null;
  readonly errorName: string;
  readonly errorMessage: string;
  readonly errorCode: string;
}

/** Of jobs that were taken from a dead worker: those whose last failure is its death, and counts. */
export async function listCountedDeaths(
  db: Queryable,
  deadWorkerId: number,
  jobIds: readonly string[],
): Promise<CountedDeath[]> {
  const { rows } = await db.query<CountedDeath>(
    `select f.job_id as "jobId", j.identifier, t.key as task, f.position, f.attempt,
       (extract(epoch from f.failed_at - f.started_at) * 1000)::double precision as "durationMs",
       (extract(epoch from f.next_attempt_at - f.failed_at) * 1000)::double precision as "retryInMs",
       f.error_name as "errorName", f.error_message as "errorMessage", f.error_code as "errorCode"
     from unnest($2::bigint[]) freed (job_id)
     cross join lateral (
       select * from ratchet.task_failures l where l.job_id = freed.job_id order by l.id desc limit 1
     ) f
     join ratchet.jobs j on j.id = f.job_id
     join ratchet.tasks t on t.job_id = f.job_id and t.position = f.position
     where f.counted and f.error_code = 'RT021' and f.worker_id = $1::integer
     order by f.job_id`,
    [deadWorkerId, jobIds],
  );
  return rows;
}
