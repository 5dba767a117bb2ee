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
  /** Where the next slice begins; `"0"`: from the start. */
  readonly nextAfter: string;
  /** Jobs that were due, free and without a wake-up. */
  readonly woken: readonly string[];
  /** Jobs whose status contradicted their tasks. */
  readonly settled: readonly string[];
}

/** Looks at the next `limit` unfinished jobs after an id. */
export async function sweep(db: Queryable, after: string, limit: number): Promise<SweepReport> {
  const { rows } = await db.query<{ next_after: string; woken: string[]; settled: string[] }>(
    "select * from ratchet_private.sweep($1, $2)",
    [after, limit],
  );
  const row = onlyRow(rows);
  return { nextAfter: row.next_after, woken: row.woken, settled: row.settled };
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

/** The channel on which changes of a tenant's jobs are announced; the same rule as in SQL. */
export async function announcementChannel(db: Queryable, tenant: string): Promise<string> {
  const { rows } = await db.query<{ channel: string }>("select ratchet_private.announcement_channel($1) as channel", [
    tenant,
  ]);
  return onlyRow(rows).channel;
}

/** Frees what graphile-worker's pools of these ids hold, because they have ended. */
export async function unlockPools(db: Queryable, poolIds: readonly string[]): Promise<void> {
  if (poolIds.length > 0) {
    await db.query("select graphile_worker.force_unlock_workers($1)", [poolIds]);
  }
}
