import { type Queryable, onlyRow } from "./queryable.ts";

/** What a server says of itself and of this session. */
export interface ServerFacts {
  /** Such as `18.4`. */
  readonly version: string;
  readonly encoding: string;
  readonly database: string;
  readonly role: string;
  /** Whether the server is a standby, which takes no writes. */
  readonly isStandby: boolean;
  /** Whether a crash of the machine can damage the data. */
  readonly isUnsafe: boolean;
  readonly connections: number;
  readonly maxConnections: number;
  /** By the server's clock. */
  readonly now: Date;
}

/** Needs no right and no schema of ours. */
export async function readServerFacts(db: Queryable): Promise<ServerFacts> {
  const { rows } = await db.query<ServerFacts>(
    `select current_setting('server_version') as version, current_setting('server_encoding') as encoding, current_database() as database, current_user as role,
       pg_is_in_recovery() as "isStandby",
       current_setting('fsync') = 'off' or current_setting('full_page_writes') = 'off' as "isUnsafe",
       (select count(*) from pg_catalog.pg_stat_activity where backend_type = 'client backend')::integer as connections,
       current_setting('max_connections')::integer as "maxConnections", clock_timestamp() as now`,
  );
  return onlyRow(rows);
}

/** What the role of this session may do. */
export interface RightsFacts {
  /** Whether it may migrate: it owns the schemas, or is a member of who does. */
  readonly ownsSchemas: boolean;
  /** Rights that running jobs needs and that it lacks, such as `update on ratchet.jobs`. */
  readonly missing: readonly string[];
  /** Whether row security hides graphile-worker's rows from it. */
  readonly isBlind: boolean;
}

/** Needs no right; null if there is no schema of ours. */
export async function readRights(db: Queryable): Promise<RightsFacts | null> {
  const { rows } = await db.query<{ [Fact in keyof RightsFacts]: RightsFacts[Fact] | null }>(
    `with ours as (
       select n.oid, n.nspname, n.nspowner from pg_catalog.pg_namespace n
       where n.nspname in ('ratchet', 'ratchet_private', 'graphile_worker')
     ), missing as (
       select 'usage on schema ' || o.nspname as name from ours o where not has_schema_privilege(o.oid, 'usage')
       union all
       select wanted.name || ' on ' || c.oid::regclass::text
       from ours o
       join pg_catalog.pg_class c on c.relnamespace = o.oid and c.relkind = 'r'
       cross join unnest(array['select', 'insert', 'update', 'delete']) as wanted (name)
       where o.nspname <> 'graphile_worker' and not has_table_privilege(c.oid, wanted.name)
       union all
       select 'execute on ' || p.oid::regprocedure::text
       from ours o join pg_catalog.pg_proc p on p.pronamespace = o.oid
       where not has_function_privilege(p.oid, 'execute')
     )
     select (select bool_and(pg_has_role(o.nspowner, 'usage')) from ours o) as "ownsSchemas",
       array(select m.name from missing m order by 1) as missing,
       exists (
         select from ours o join pg_catalog.pg_class c on c.relnamespace = o.oid
         where c.relkind = 'r' and c.relrowsecurity and row_security_active(c.oid)) as "isBlind"`,
  );
  const { ownsSchemas, missing, isBlind } = onlyRow(rows);
  return ownsSchemas === null ? null : { ownsSchemas, missing: missing ?? [], isBlind: isBlind === true };
}

/** How the queue is doing. */
export interface QueueFacts {
  /** Wake-ups of ours whose attempts are used up, so that they wake nobody. */
  readonly spentWakeUps: number;
  /** Jobs of graphile-worker's own, by identifier, that it will not try again. */
  readonly failedPlainJobs: readonly { readonly identifier: string; readonly jobs: number }[];
  /** Unfinished jobs that nobody holds and that have been due for a minute. */
  readonly overdueJobs: number;
  /** For how long the oldest of them has been due. */
  readonly oldestDueMs: number | null;
  /** Those of them that no wake-up stands for, at most 10. */
  readonly unwokenJobs: readonly string[];
  /** How far the clock was moved, as tests do, in ms. */
  readonly clockShiftMs: number;
}

/** Reads graphile-worker's rows and the unfinished jobs. */
export async function readQueueFacts(db: Queryable): Promise<QueueFacts> {
  const { rows } = await db.query<QueueFacts>(
    `with spent as (
       select w.task_identifier, case when w.key is null then w.max_attempts = 32767 else starts_with(w.key, 'ratchet:') end as is_ours
       from graphile_worker.jobs w where w.attempts >= w.max_attempts and w.locked_at is null
     ), overdue as (
       select j.id, coalesce(j.next_attempt_at, j.run_at) as due_at,
         exists (
           select from graphile_worker.jobs w
           where (w.key = 'ratchet:' || j.id or w.id = j.adopted_from) and w.attempts < w.max_attempts) as has_wake_up
       from ratchet.jobs j
       where j.finished_at is null and j.worker_id is null and j.version is not null
         and coalesce(j.next_attempt_at, j.run_at) < ratchet_private.clock_now() - interval '1 minute'
     )
     select
       (select count(*) from spent s where s.is_ours)::integer as "spentWakeUps",
       (select coalesce(json_agg(json_build_object('identifier', f.task_identifier, 'jobs', f.jobs)), '[]')
        from (select s.task_identifier, count(*) as jobs from spent s where not s.is_ours group by 1 order by 1) f) as "failedPlainJobs",
       (select count(*) from overdue)::integer as "overdueJobs",
       (select extract(epoch from ratchet_private.clock_now() - min(o.due_at)) * 1000 from overdue o)::double precision as "oldestDueMs",
       array(select o.id::text from overdue o where not o.has_wake_up order by o.id limit 10) as "unwokenJobs",
       (select extract(epoch from c.shift) * 1000 from ratchet_private.clock c)::double precision as "clockShiftMs"`,
  );
  return onlyRow(rows);
}

/** Contradictions of one kind. */
export interface ViolationCount {
  /** What must never be. */
  readonly rule: string;
  readonly count: number;
  /** At most 5. */
  readonly jobIds: readonly string[];
  /** What stands in the first of them. */
  readonly example: string;
}

/** What `ratchet.violations` has, by rule. */
export async function countViolations(db: Queryable): Promise<ViolationCount[]> {
  const { rows } = await db.query<ViolationCount>(
    `select v.rule, count(*)::integer as count, (array_agg(v.job_id::text order by v.job_id))[1:5] as "jobIds",
       (array_agg(v.detail order by v.job_id))[1] as example
     from ratchet.violations v group by v.rule order by v.rule`,
  );
  return rows;
}

/** A row of graphile-worker's, and whose it is. */
export interface GraphileJob {
  /** Null if graphile-worker has deleted it: it was worked off. */
  readonly graphileJobId: string | null;
  readonly identifier: string | null;
  readonly key: string | null;
  readonly attempts: number | null;
  readonly maxAttempts: number | null;
  readonly runAt: Date | null;
  readonly lockedAt: Date | null;
  readonly lastError: string | null;
  /** The job of ours that it wakes up or became; null if it is none of ours. */
  readonly jobId: string | null;
}

/** Finds a graphile-worker job by its id or its key, and jobs of ours that were adopted from it or that it would wake up. */
export async function findGraphileJob(db: Queryable, idOrKey: string): Promise<GraphileJob | null> {
  const { rows } = await db.query<GraphileJob>(
    `with asked as (
       select $1::text as text, case when $1::text ~ '^[0-9]{1,18}$' then $1::text::bigint end as id,
         case when $1::text ~ '^ratchet:[0-9]{1,18}$' then split_part($1::text, ':', 2)::bigint end as job_id
     ), found as (
       select w.* from graphile_worker.jobs w, asked a where w.id = a.id or w.key = a.text
       order by w.key = a.text desc limit 1
     )
     select f.id::text as "graphileJobId", f.task_identifier as identifier, f.key, f.attempts, f.max_attempts as "maxAttempts",
       f.run_at as "runAt", f.locked_at as "lockedAt", f.last_error as "lastError", j.id::text as "jobId"
     from asked a
     left join found f on true
     left join ratchet.jobs j on j.adopted_from = coalesce(f.id, a.id)
       or j.id = case when f.key ~ '^ratchet:[0-9]{1,18}$' then split_part(f.key, ':', 2)::bigint else a.job_id end
     where f.id is not null or j.id is not null
     order by j.id limit 1`,
    [idOrKey],
  );
  return rows[0] ?? null;
}
