import { type Queryable, onlyRow } from "./queryable.ts";

/** What a worker says of itself. */
export interface WorkerDescription {
  readonly host: string;
  readonly pid: number;
  /** Of Ratchet. */
  readonly version: string;
  /** Jobs it runs at once. */
  readonly concurrency: number;
  /** Versions of definitions it has handlers for. */
  readonly knownVersions: readonly string[];
}

/** Enters a worker and takes its lock on this very connection; returns its id. */
export async function registerWorker(connection: Queryable, worker: WorkerDescription): Promise<number> {
  const { rows } = await connection.query<{ id: number }>(
    "select ratchet_private.register_worker($1, $2, $3, $4, $5) as id",
    [worker.host, worker.pid, worker.version, worker.concurrency, worker.knownVersions],
  );
  return onlyRow(rows).id;
}

/** Takes a worker's lock again on a new connection. Waits until the server has noticed that the old one is gone. */
export async function lockWorker(connection: Queryable, workerId: number): Promise<void> {
  await connection.query("select ratchet_private.lock_worker($1)", [workerId]);
}

/**
 * A worker's sign of life.
 * @param claims what the worker believes to hold.
 * @returns the ids of those jobs that it has lost: cancelled, taken over, or deleted.
 */
export async function beat(
  db: Queryable,
  workerId: number,
  poolIds: readonly string[],
  claims: readonly { readonly jobId: string; readonly fence: number }[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ lost: string[] }>(
    "select ratchet_private.beat($1::integer, $2::text[], $3::bigint[], $4::integer[]) as lost",
    [workerId, poolIds, claims.map(({ jobId }) => jobId), claims.map(({ fence }) => fence)],
  );
  return new Set(onlyRow(rows).lost);
}

/** Ends a worker: its graphile-worker rows and jobs are free at once, uncounted; returns how many jobs. Safe twice. */
export async function releaseWorker(db: Queryable, workerId: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>("select ratchet_private.release_worker($1) as count", [workerId]);
  return onlyRow(rows).count;
}

/** Workers of a host that nobody has ended, and whether a connection still holds their lock. */
export async function workersOfHost(
  db: Queryable,
  host: string,
): Promise<{ id: number; pid: number; isLocked: boolean }[]> {
  const { rows } = await db.query<{ id: number; pid: number; isLocked: boolean }>(
    `select w.id, w.pid, ratchet_private.is_worker_locked(w.id) as "isLocked"
     from ratchet.workers w where w.stopped_at is null and w.host = $1 order by w.id`,
    [host],
  );
  return rows;
}

/** Who runs a job or could. */
export interface JobWorkers {
  /** Whether a live worker has it now. */
  readonly isHeld: boolean;
  /** Whether a live worker knows its definition's version. */
  readonly isKnown: boolean;
}

/** Says whether live workers (a sign of life within 15 seconds) have a job or could take it. */
export async function workersForJob(db: Queryable, jobId: string): Promise<JobWorkers> {
  const { rows } = await db.query<JobWorkers>(
    `select coalesce(bool_or(w.id = j.worker_id), false) as "isHeld",
       coalesce(bool_or(j.version = any (w.known_versions)), false) as "isKnown"
     from ratchet.jobs j cross join ratchet.workers w where j.id = $1 and ratchet_private.is_worker_live(w)`,
    [jobId],
  );
  return onlyRow(rows);
}

/** A worker as people see it. */
export interface WorkerOverview {
  readonly id: number;
  readonly host: string;
  readonly pid: number;
  /** Of Ratchet. */
  readonly version: string;
  /**
   * `alive`: a sign of life within 15 seconds. `silent`: none, and nobody has ended it yet. `stopped`: it has ended, or was
   * taken for dead.
   */
  readonly state: "alive" | "silent" | "stopped";
  /** Jobs it runs at once, at most. */
  readonly concurrency: number;
  /** Jobs it holds now. */
  readonly jobs: number;
  /** Identifiers of the definitions that it can run in their current version, in order. */
  readonly identifiers: readonly string[];
  readonly startedAt: Date;
  readonly beatAt: Date;
  readonly stoppedAt: Date | null;
  /** The database's clock at that moment. */
  readonly now: Date;
}

/** The workers that nobody has ended, and with `stopped` the latest 100 others after them; newest first. */
export async function listWorkers(
  db: Queryable,
  { stopped }: { readonly stopped: boolean },
): Promise<WorkerOverview[]> {
  const { rows } = await db.query<WorkerOverview>(
    `with current_version as (
       select distinct on (d.identifier) d.identifier, d.version from ratchet.definitions d
       order by d.identifier, d.current_since desc, d.version)
     select w.id, w.host, w.pid, w.version, w.concurrency,
       case when w.stopped_at is not null then 'stopped' when ratchet_private.is_worker_live(w) then 'alive' else 'silent' end as state,
       coalesce(held.jobs, 0)::integer as jobs,
       array(select c.identifier from current_version c where c.version = any (w.known_versions) order by 1) as identifiers,
       w.started_at as "startedAt", w.beat_at as "beatAt", w.stopped_at as "stoppedAt", ratchet_private.clock_now() as now
     from ratchet.workers w
     left join (
       select j.worker_id, count(*) as jobs from ratchet.jobs j
       where j.finished_at is null and j.worker_id is not null group by j.worker_id
     ) held on held.worker_id = w.id
     where w.stopped_at is null or ($1::boolean and w.id in (
       select s.id from ratchet.workers s where s.stopped_at is not null order by s.id desc limit 100))
     order by w.stopped_at is not null, w.id desc`,
    [stopped],
  );
  return rows;
}

/** Ends a server process of the same role, and with it what it runs and holds. */
export async function endBackend(db: Queryable, processId: number | null): Promise<void> {
  await db.query("select pg_terminate_backend($1)", [processId]);
}
