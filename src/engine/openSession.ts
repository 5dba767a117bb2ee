import { hostname } from "node:os";
import type pg from "pg";
import type { Logger } from "pino";
import { claimJobs, handBack } from "../database/calls/claims.ts";
import { findFreeJobs, writeCheckpoints } from "../database/calls/checkpoints.ts";
import { releaseWorker } from "../database/calls/workers.ts";
import { createPool } from "../database/pool.ts";
import { type SchemaNames, schemaNames } from "../database/schemaNames.ts";
import type { EventHub } from "../telemetry/events.ts";
import { createCheckpointWriter } from "./checkpointWriter.ts";
import { createClaimer } from "./claimer.ts";
import { clearPredecessors, register } from "./registration.ts";
import { DEFAULT_LARGEST_RESULT_BYTES } from "./resultText.ts";
import type { EngineSession } from "./session.ts";
import { RATCHET_VERSION } from "./version.ts";

/** A row that somebody's psql holds delays a batch by no more than this. */
const LOCK_TIMEOUT_MS = 200;

/** What {@link openSession} takes. */
export interface SessionOptions {
  /** Default: libpq's environment variables. */
  readonly connectionString: string | undefined;
  /** What the schemas are called. Default: `ratchet` and `graphile_worker`. */
  readonly schemas?: Partial<SchemaNames> | undefined;
  readonly log: Logger;
  readonly events: EventHub;
  /** Jobs it runs at once. Default 10. */
  readonly concurrency?: number | undefined;
  /** Versions of definitions it has handlers for. Default: none. */
  readonly knownVersions?: readonly string[] | undefined;
  /** Whether it claims jobs outside the queue, due or not. Default: false. */
  readonly isOrder?: boolean | undefined;
  /** Lanes of the checkpoint writer, 1 to 4. Default 2. */
  readonly lanes?: number | undefined;
  /** Connections for transaction tasks. Default 5. */
  readonly mostTransactions?: number | undefined;
  /** Default: 1 MiB. */
  readonly largestResultBytes?: number | undefined;
  /** Whether this process holds the job and knows it. */
  readonly isRunning: (jobId: string) => boolean;
  /** Is told the jobs that this process has changed. */
  readonly onWritten?: ((jobIds: readonly string[]) => void) | undefined;
}

/** A session that can be ended. */
export interface OpenSession extends EngineSession {
  /**
   * Gives up what is not written, hands back what this worker still holds, and closes every connection. Safe twice.
   * @returns how many jobs were handed back.
   */
  close(): Promise<number>;
}

/** Opens the engine's connections and registers this process as a worker. */
export async function openSession(options: SessionOptions): Promise<OpenSession> {
  const { connectionString, log, events } = options;
  const schemas = schemaNames(options.schemas);
  const { lanes = 2, knownVersions = [], isOrder = false } = options;
  const closing = new AbortController();
  const onWritten = options.onWritten ?? ((): void => {});
  const pool = createPool({
    connectionString,
    schemas,
    // The lanes, the waiting room, claims, the lock, and two for everything else.
    max: lanes + 5,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    applicationName: "ratchet engine",
    log,
  });
  // Without names: handlers call schemas what they are called.
  const transactionPool = createPool({
    connectionString,
    max: options.mostTransactions ?? 5,
    applicationName: "ratchet transaction tasks",
    log,
  });
  const host = hostname();
  const registration = await openOrEnd([pool, transactionPool], async () => {
    await clearPredecessors(pool, host, events);
    return register({
      pool,
      events,
      description: {
        host,
        pid: process.pid,
        version: RATCHET_VERSION,
        concurrency: options.concurrency ?? 10,
        knownVersions,
      },
    });
  });
  const { workerId } = registration;
  const writer = createCheckpointWriter({
    write: (checkpoints) => writeCheckpoints(pool, workerId, checkpoints),
    findFree: (checkpoints) => findFreeJobs(pool, checkpoints),
    events,
    onWritten,
    lanes,
  });
  const claimer = createClaimer({
    workerId,
    claim: (jobIds, version) =>
      claimJobs(pool, workerId, jobIds, version === undefined ? knownVersions : [version], isOrder),
    handBack: (claims) => handBack(pool, workerId, claims),
    isRunning: options.isRunning,
    events,
    signal: closing.signal,
  });

  async function close(): Promise<number> {
    writer.abandon();
    closing.abort(new Error("The session is closed."));
    try {
      return await releaseWorker(pool, workerId);
    } catch {
      // Postgres is away: whoever starts next on this host, or any other worker, clears it.
      return 0;
    } finally {
      registration.close();
      await Promise.all([pool.end(), transactionPool.end()]);
    }
  }
  let closed: Promise<number> | undefined;

  return {
    workerId,
    pool,
    transactionPool,
    schemas,
    writer,
    claimer,
    events,
    log,
    largestResultBytes: options.largestResultBytes ?? DEFAULT_LARGEST_RESULT_BYTES,
    onWritten,
    closing: closing.signal,
    close: () => (closed ??= close()),
  };
}

async function openOrEnd<Opened>(pools: readonly pg.Pool[], open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    await Promise.all(pools.map((pool) => pool.end()));
    throw error;
  }
}
