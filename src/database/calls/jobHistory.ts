import type { Queryable } from "./queryable.ts";

/** An order about a job, or the death of a worker in one of its tasks: what its tasks' present state does not show. */
export interface JobHistoryEntry {
  readonly at: Date;
  /** As in `ratchet.audit`; `null`: a worker died. */
  readonly action: string | null;
  /** The key of the task that it is about, if it is about one. */
  readonly task: string | null;
  /** Who gave the order. */
  readonly actor: string | null;
  /** Why, or how the worker died. */
  readonly reason: string | null;
}

/** The latest of them, oldest first. */
export async function readJobHistory(db: Queryable, jobId: string, limit: number): Promise<JobHistoryEntry[]> {
  const { rows } = await db.query<JobHistoryEntry>(
    `select e.at, e.action, e.task, e.actor, e.reason from (
       (select a.at, a.action, a.detail ->> 'task' as task, a.actor, a.reason
        from ratchet.audit a where a.job_id = $1::text::bigint order by a.at desc limit $2::integer)
       union all
       (select f.failed_at, null, t.key, null, f.error_message
        from ratchet.task_failures f join ratchet.tasks t on t.job_id = f.job_id and t.position = f.position
        where f.job_id = $1::text::bigint and f.error_code = 'RT021' order by f.failed_at desc limit $2::integer)
       order by at desc limit $2::integer) e order by e.at`,
    [jobId, limit],
  );
  return rows;
}
