import type { Queryable } from "./queryable.ts";

/**
 * Sessions that have held locks on rows or tables of Ratchet's or graphile-worker's for a second and more, such as
 * `process 4711 (psql, role bob, idle in transaction, for 75 s)`. At most five, the longest first.
 */
export async function findLockHolders(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ holder: string }>(
    `select format('process %s (%s)', a.pid, concat_ws(', ',
              nullif(a.application_name, ''), 'role ' || a.usename, a.state,
              'for ' || round(extract(epoch from clock_timestamp() - a.xact_start)) || ' s')) as holder
     from pg_catalog.pg_stat_activity a
     where a.pid <> pg_catalog.pg_backend_pid() and a.datname = pg_catalog.current_database()
       and (a.xact_start is null or a.xact_start < clock_timestamp() - interval '1 second')
       and exists (
         select from pg_catalog.pg_locks l
         join pg_catalog.pg_class c on c.oid = l.relation
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where l.pid = a.pid and l.granted and c.relkind in ('r', 'p') and l.mode <> 'AccessShareLock'
           and n.nspname in ('ratchet', 'graphile_worker'))
     order by a.xact_start nulls last limit 5`,
  );
  return rows.map(({ holder }) => holder);
}

/**
 * A sentence about the oldest transaction that holds a lock on a table or view of Ratchet's or graphile-worker's; `null` if
 * there is none any more.
 */
export async function findOldestLockHolder(db: Queryable): Promise<string | null> {
  const { rows } = await db.query<{ sentence: string }>(
    `select format('Process %s (%s, role %s, %s) holds %s on %s, in a transaction of %s s.',
                   a.pid, coalesce(nullif(a.application_name, ''), 'no application name'), a.usename, a.state, l.mode,
                   c.oid::regclass, extract(epoch from clock_timestamp() - a.xact_start)::int) as sentence
       from pg_catalog.pg_locks l
       join pg_catalog.pg_class c on c.oid = l.relation and c.relkind in ('r', 'v', 'p')
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname in ('ratchet', 'ratchet_private', 'graphile_worker')
       join pg_catalog.pg_stat_activity a on a.pid = l.pid
      where l.granted and l.pid <> pg_catalog.pg_backend_pid()
        and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
      order by a.xact_start, l.mode = 'AccessShareLock', c.relname limit 1`,
  );
  return rows[0]?.sentence ?? null;
}

/** Sessions that these sessions of ours wait for, such as `process 4711 (psql, role bob, idle in transaction, for 75 s)`. */
export async function findWaits(db: Queryable, pids: readonly number[]): Promise<{ pid: number; holder: string }[]> {
  const { rows } = await db.query<{ pid: number; holder: string }>(
    `select distinct a.pid, format('process %s (%s)', a.pid, concat_ws(', ', nullif(a.application_name, ''), 'role ' || a.usename,
              a.state, 'for ' || round(extract(epoch from clock_timestamp() - a.xact_start)) || ' s')) as holder
     from pg_catalog.pg_stat_activity w
     cross join lateral unnest(pg_catalog.pg_blocking_pids(w.pid)) b (pid)
     join pg_catalog.pg_stat_activity a on a.pid = b.pid
     where w.pid = any ($1::integer[]) and w.wait_event_type = 'Lock' and a.pid <> all ($1::integer[])`,
    [pids],
  );
  return rows;
}
