import { expect } from "vitest";

import { addPublish, addWorker, checkpoint, claimOne, completeTasks, type Job, type Sql } from "./fixtures.ts";

type Queryable = Parameters<typeof checkpoint>[0];

/** Calls `ratchet.cancel_job`. */
export async function cancel(db: Queryable, id: string, reason: string | null = null): Promise<Job> {
  return firstOf((await db.query<Job>("select * from ratchet.cancel_job($1, $2)", [id, reason])).rows);
}

/** Calls `ratchet.retry_job`. */
export async function retry(
  db: Queryable,
  id: string,
  { fromTask = null, reason = null }: { fromTask?: string | null; reason?: string | null } = {},
): Promise<Job> {
  return firstOf((await db.query<Job>("select * from ratchet.retry_job($1, $2, $3)", [id, fromTask, reason])).rows);
}

/** Calls `ratchet.skip_task`. */
export async function skip(db: Queryable, id: string, task: string, reason: string | null = null): Promise<Job> {
  return firstOf((await db.query<Job>("select * from ratchet.skip_task($1, $2, $3)", [id, task, reason])).rows);
}

/** Calls `ratchet.complete_task`; without a result if that is undefined. */
export async function complete(
  db: Queryable,
  id: string,
  task: string,
  { result, reason = null }: { result?: unknown; reason?: string | null } = {},
): Promise<Job> {
  const text = result === undefined ? null : JSON.stringify(result);
  return firstOf(
    (await db.query<Job>("select * from ratchet.complete_task($1, $2, $3::jsonb, $4)", [id, task, text, reason])).rows,
  );
}

/** Calls `ratchet.reschedule_job`; times as Postgres reads them, such as "now" and "2099-01-01Z". */
export async function reschedule(
  db: Queryable,
  id: string,
  {
    runAt = null,
    priority = null,
    reason = null,
  }: { runAt?: string | null; priority?: number | null; reason?: string | null },
): Promise<Job> {
  const { rows } = await db.query<Job>("select * from ratchet.reschedule_job($1, $2, $3, $4)", [
    id,
    runAt,
    priority,
    reason,
  ]);
  return firstOf(rows);
}

/** What `ratchet.cancel_jobs` and `ratchet.retry_jobs` answer. */
export interface OrdersOutcome {
  matched: number;
  done: number;
  refused: number;
  refusals: unknown;
  next_after: string | null;
}

/** Calls `ratchet.cancel_jobs` or `ratchet.retry_jobs` with named arguments. */
export async function orderMany(
  db: Queryable,
  order: "cancel_jobs" | "retry_jobs",
  given: Readonly<Record<string, unknown>>,
): Promise<OrdersOutcome> {
  const names = Object.keys(given);
  const { rows } = await db.query<OrdersOutcome>(
    `select matched, done, refused, to_jsonb(refusals) as refusals, next_after
     from ratchet.${order}(${names.map((name, index) => `${name} => $${index + 1}`).join(", ")})`,
    Object.values(given),
  );
  return firstOf(rows);
}

/** Calls `ratchet.scrub_job`. */
export async function scrub(db: Queryable, id: string, reason: string | null = null): Promise<Job> {
  return firstOf((await db.query<Job>("select * from ratchet.scrub_job($1, $2)", [id, reason])).rows);
}

/** Calls `ratchet.prune_jobs`. */
export async function prune(db: Queryable, maxJobs = 1000): Promise<number> {
  return Number(
    firstOf((await db.query<{ count: string }>("select ratchet.prune_jobs($1) as count", [maxJobs])).rows).count,
  );
}

/** A job of five tasks whose third has failed, for good unless told otherwise. */
export async function addFailed(
  sql: Sql,
  { canRetry = false } = {},
): Promise<{ id: string; worker: number; fence: number }> {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
  await fail(sql, worker, { job: id, position: 3, fence, canRetry });
  return { id, worker, fence };
}

/** Fails a task of a claimed job; its job is tried again unless told otherwise. */
export async function fail(
  sql: Sql,
  worker: number,
  { canRetry = true, ...place }: { job: string; position: number; fence: number; canRetry?: boolean },
): Promise<void> {
  const [answer] = await checkpoint(sql.pool(), worker, [{ ...place, kind: "F", failure: { can_retry: canRetry } }]);
  expect(answer?.outcome).toBe("written");
}

/** Orders about a job in the sequence they were given in. */
export function auditOf(sql: Sql, id: string): Promise<Record<string, unknown>[]> {
  return sql.rows("select actor, action, tenant, reason, detail from ratchet.audit where job_id = $1 order by id", [
    id,
  ]);
}

/** Fails if any job contradicts itself. */
export async function expectNoViolations(sql: Sql): Promise<void> {
  expect(await sql.rows("select * from ratchet.all_violations()")).toStrictEqual([]);
}

function firstOf<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) {
    throw new Error("The query gave no row.");
  }
  return row;
}
