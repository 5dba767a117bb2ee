import { type Queryable, onlyRow } from "./queryable.ts";

/**
 * Whether a session works on a statement, or waits for a lock to do so. One that does not is ended: who asks has given it
 * up, and it may hold locks and a connection for hours. `startedAt` is
 * `extract(epoch from backend_start)` as text.
 */
export async function endBackendUnlessWorking(db: Queryable, processId: number, startedAt: string): Promise<boolean> {
  const { rows } = await db.query<{ working: boolean }>(
    `with asked as (
       select a.pid, a.state = 'active' and a.wait_event_type is distinct from 'Client' as is_working
       from pg_catalog.pg_stat_activity a where a.pid = $1::integer and extract(epoch from a.backend_start)::text = $2::text),
     ended as (
       select pg_catalog.pg_terminate_backend(asked.pid) as is_ended from asked where not asked.is_working)
     select coalesce((select asked.is_working from asked), false) and (select count(*) from ended) = 0 as working`,
    [processId, startedAt],
  );
  return onlyRow(rows).working;
}

/** Ends a server process of the same role, and with it what it runs and holds. */
export async function endBackend(db: Queryable, processId: number | null): Promise<void> {
  await db.query("select pg_terminate_backend($1)", [processId]);
}
