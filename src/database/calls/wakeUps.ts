import { type Queryable, onlyRow } from "./queryable.ts";

/** When a wake-up may be fetched, and by whom. */
export interface WakeUpLimits {
  /** Not before so many milliseconds from now. Default 0. */
  readonly delayMs?: number;
  /** graphile-worker's flags: workers that forbid one of them leave the wake-up alone. */
  readonly flags?: readonly string[];
}

/** Adds or moves the wake-ups of these jobs, at the time each is due. */
export async function addWakeUps(
  db: Queryable,
  jobIds: readonly string[],
  { delayMs = 0, flags }: WakeUpLimits = {},
): Promise<void> {
  await db.query(
    "select ratchet_private.add_wake_ups($1, ratchet_private.clock_now() + $2 * interval '1 millisecond', $3)",
    [jobIds, delayMs, flags ?? null],
  );
}

/** What a sweep did. */
export interface SweepReport {
  /** Jobs that were due, free and without a wake-up. */
  readonly woken: readonly string[];
  /** Jobs whose status contradicted their tasks. */
  readonly settled: readonly string[];
}

/** Looks at the next unfinished jobs if it is time; otherwise, or while another worker is at it, does nothing. */
export async function sweep(db: Queryable): Promise<SweepReport> {
  const { rows } = await db.query<SweepReport>("select woken, settled from ratchet_private.sweep()");
  return onlyRow(rows);
}

/** A graphile-worker job that was added without Ratchet. */
export interface ForeignWakeUp {
  readonly graphileJobId: string;
  readonly identifier: string;
  readonly payload: unknown;
  readonly queueName: string | null;
  readonly priority: number;
  readonly runAt: Date;
}

/** Makes a tracked job of it, once; returns its id. */
export async function adoptJob(db: Queryable, wakeUp: ForeignWakeUp): Promise<string> {
  const { rows } = await db.query<{ id: string }>("select ratchet_private.adopt_job($1, $2, $3, $4, $5, $6) as id", [
    wakeUp.identifier,
    JSON.stringify(wakeUp.payload),
    wakeUp.graphileJobId,
    wakeUp.queueName,
    wakeUp.priority,
    wakeUp.runAt,
  ]);
  return onlyRow(rows).id;
}

/** Tells listeners which jobs changed. */
export async function announce(db: Queryable, jobIds: readonly string[]): Promise<void> {
  await db.query("select ratchet_private.announce($1)", [jobIds]);
}

/** The channel on which changes of a tenant's jobs are announced, or with null those of all tenants'; the same rule as in SQL. */
export async function announcementChannel(db: Queryable, tenant: string | null): Promise<string> {
  const { rows } = await db.query<{ channel: string }>("select ratchet_private.announcement_channel($1) as channel", [
    tenant,
  ]);
  return onlyRow(rows).channel;
}

/** Frees what a pool of graphile-worker's holds, because it has ended; false if somebody else's lock kept it from that. */
export async function unlockPool(db: Queryable, poolId: string): Promise<boolean> {
  const { rows } = await db.query<{ isFree: boolean }>(
    'select ratchet_private.free_pools(array[$1::text]) as "isFree"',
    [poolId],
  );
  return onlyRow(rows).isFree;
}

/**
 * Takes a failed try of a graphile-worker job back, as if it had not been fetched; false as long as its pool holds it.
 * @param wakeUp the job as it was fetched: its fetch is the last of the attempts.
 */
export async function returnWakeUp(
  db: Queryable,
  {
    graphileJobId,
    runAt,
    attempts,
  }: { readonly graphileJobId: string; readonly runAt: Date; readonly attempts: number },
): Promise<boolean> {
  const { rowCount } = await db.query(
    "select from graphile_worker.reschedule_jobs(array[$1::bigint], run_at => $2::timestamptz, attempts => $3::integer)",
    [graphileJobId, runAt, Math.max(attempts - 1, 0)],
  );
  return rowCount === 1;
}
