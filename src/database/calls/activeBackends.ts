import type { Queryable } from "./queryable.ts";

/** Process ids of this role's sessions in this database that work on a statement, or wait for a lock to do so. */
export async function activeBackends(db: Queryable): Promise<ReadonlySet<number>> {
  const { rows } = await db.query<{ pid: number }>(
    `select a.pid from pg_catalog.pg_stat_activity a
     where a.datname = pg_catalog.current_database() and a.state = 'active'
       and a.wait_event_type is distinct from 'Client'`,
  );
  return new Set(rows.map(({ pid }) => pid));
}
