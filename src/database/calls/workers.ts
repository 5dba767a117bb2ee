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

/**
 * Takes a worker's lock again on a new connection, and ends the old one.
 * @returns whether it has it: the server may need a moment to end the old one.
 */
export async function lockWorker(connection: Queryable, workerId: number): Promise<boolean> {
  const { rows } = await connection.query<{ hasLock: boolean }>(
    `select ratchet_private.lock_worker($1::integer) as "hasLock"`,
    [workerId],
  );
  return onlyRow(rows).hasLock;
}

/** What a worker learns when it gives a sign of life. */
export interface BeatAnswer {
  /** It was taken for dead, and no sign of life was noted. */
  readonly isBuried: boolean;
  /** The other workers that nobody has ended: the number of each, and a text that changes with its every sign of life. */
  readonly others: readonly (readonly [id: number, beatAt: string])[];
}

/** A worker's sign of life, with the pools of graphile-worker's that fetch for it. */
export async function beat(db: Queryable, workerId: number, poolIds: readonly string[]): Promise<BeatAnswer> {
  const { rows } = await db.query<BeatAnswer>(
    `select is_buried as "isBuried", others from ratchet_private.beat($1::integer, $2::text[])`,
    [workerId, poolIds],
  );
  return onlyRow(rows);
}

/** Lets a worker that was taken for dead go on under its number; to be called when it has dropped every claim. */
export async function reviveWorker(db: Queryable, workerId: number, worker: WorkerDescription): Promise<void> {
  await db.query(
    "select ratchet_private.revive_worker($1::integer, $2::text, $3::integer, $4::text, $5::integer, $6::text[])",
    [workerId, worker.host, worker.pid, worker.version, worker.concurrency, worker.knownVersions],
  );
}

/** Of what a worker believes to hold, the ids of the jobs that it has lost: cancelled, taken over, or deleted. */
export async function findLostClaims(
  db: Queryable,
  workerId: number,
  claims: readonly { readonly jobId: string; readonly fence: number }[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ lost: string[] }>(
    "select ratchet_private.lost_claims($1::integer, $2::bigint[], $3::integer[]) as lost",
    [workerId, claims.map(({ jobId }) => jobId), claims.map(({ fence }) => fence)],
  );
  return new Set(onlyRow(rows).lost);
}

/** Why a worker is taken for dead. */
export interface Death {
  readonly deadId: number;
  /** Its last sign of life as the judge saw it; `null`: any. */
  readonly beatAt: string | null;
  /** It was silent for so long that it counts as dead even if its lock is held. */
  readonly isSilent: boolean;
}

/**
 * Takes over from a dead worker: ends its connections and frees what it held.
 * @returns the ids of its jobs; `null` if it is not dead or somebody else is at it.
 */
export async function rescueWorker(
  db: Queryable,
  rescuerId: number,
  { deadId, beatAt, isSilent }: Death,
): Promise<string[] | null> {
  const { rows } = await db.query<{ freed: string[] | null }>(
    "select ratchet_private.rescue_worker($1::integer, $2::integer, $3::timestamptz, $4::boolean) as freed",
    [deadId, rescuerId, beatAt, isSilent],
  );
  return onlyRow(rows).freed;
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

/** Says whether live workers have a job or could take it. */
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
   * `alive`: it gives signs of life. `silent`: it does not, and nobody has ended it yet. `stopped`: it has ended. `dead`: it
   * was found dead, and its jobs go on elsewhere.
   */
  readonly state: "alive" | "silent" | "stopped" | "dead";
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

/**
 * The workers that nobody has ended, those that were found dead in the last ten minutes, and with `stopped` the latest 100
 * others after them; newest first.
 */
export async function listWorkers(
  db: Queryable,
  { stopped }: { readonly stopped: boolean },
): Promise<WorkerOverview[]> {
  const { rows } = await db.query<WorkerOverview>(
    `with current_version as (
       select distinct on (d.identifier) d.identifier, d.version from ratchet.definitions d
       order by d.identifier, d.current_since desc, d.version)
     select w.id, w.host, w.pid, w.version, w.concurrency,
       case when w.rescued_by is not null then 'dead' when w.stopped_at is not null then 'stopped' when ratchet_private.is_worker_live(w) then 'alive' else 'silent' end as state,
       coalesce(held.jobs, 0)::integer as jobs,
       array(select c.identifier from current_version c where c.version = any (w.known_versions) order by 1) as identifiers,
       w.started_at as "startedAt", w.beat_at as "beatAt", w.stopped_at as "stoppedAt", clock_timestamp() as now
     from ratchet.workers w
     left join (
       select j.worker_id, count(*) as jobs from ratchet.jobs j
       where j.finished_at is null and j.worker_id is not null group by j.worker_id
     ) held on held.worker_id = w.id
     where w.stopped_at is null or (w.rescued_by is not null and w.stopped_at > clock_timestamp() - interval '10 minutes') or ($1::boolean and w.id in (
       select s.id from ratchet.workers s where s.stopped_at is not null order by s.id desc limit 100))
     order by w.stopped_at is not null, w.id desc`,
    [stopped],
  );
  return rows;
}
