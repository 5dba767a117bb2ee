import { hostname } from "node:os";
import type pg from "pg";
import type { Logger } from "pino";
import { createPool } from "../database/pool.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import type { EventHub } from "../telemetry/events.ts";
import type { Pulse } from "./pulse.ts";
import { clearPredecessors, register, registerQuietly } from "./registration.ts";
import { reportRescue } from "./rescueReport.ts";
import { RATCHET_VERSION } from "./version.ts";

/** A row that somebody's psql holds delays a batch by no more than this. */
const LOCK_TIMEOUT_MS = 200;

/** What {@link openConnections} takes. */
export interface ConnectionOptions {
  readonly connectionString: string | undefined;
  readonly schemas: SchemaNames;
  readonly mostTransactions: number;
  /** As in `SessionOptions`. */
  readonly hasPulse: boolean;
  readonly concurrency: number;
  readonly knownVersions: readonly string[];
  readonly events: EventHub;
  readonly log: Logger;
  /** Others took this worker for dead: it must drop every claim, synchronously. */
  readonly onBuried: (workerId: number) => void;
  /** Aborted when this worker stops. */
  readonly closing: AbortSignal;
  readonly onWritten: (jobIds: readonly string[]) => void;
}

/** The connections of one worker. */
export interface Connections {
  readonly pulse: Pulse;
  /** For the engine's own calls. */
  readonly pool: pg.Pool;
  /** Held by transaction tasks while they run. */
  readonly transactionPool: pg.Pool;
}

/** Registers this process as a worker, opens its pools, and takes over what dead workers of this host have left. */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  const { connectionString, schemas, events, log } = options;
  const host = hostname();
  const pulse = await (options.hasPulse ? register : registerQuietly)({
    connectionString,
    schemas,
    description: {
      host,
      pid: process.pid,
      version: RATCHET_VERSION,
      concurrency: options.concurrency,
      knownVersions: options.knownVersions,
    },
    closing: options.closing,
    onBuried() {
      options.onBuried(workerId);
    },
    onCrashed(errorMessage) {
      events.emit("worker.pulseCrashed", { workerId, errorMessage });
    },
    onRescued(deadWorkerId, jobIds) {
      void reportRescue({ db: pool, events, workerId, deadWorkerId, jobIds });
      options.onWritten(jobIds);
    },
  });
  const { workerId } = pulse;
  const pool = createPool({
    connectionString,
    schemas,
    // Two commits of the writer, its waiting room, claims, the check of these, and two for everything else.
    max: 7,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    applicationName: "ratchet engine",
    worker: { id: workerId, schemas },
    log,
  });
  // Without names: handlers call schemas what they are called.
  const transactionPool = createPool({
    connectionString,
    max: options.mostTransactions,
    applicationName: "ratchet transaction tasks",
    worker: { id: workerId, schemas },
    log,
  });
  try {
    await clearPredecessors({ pool, workerId, host, events });
  } catch (error) {
    await Promise.all([pulse.close(), pool.end(), transactionPool.end()]);
    throw error;
  }
  return { pulse, pool, transactionPool };
}
