import type { Logger } from "pino";
import { claimJobs, handBack } from "../database/calls/claims.ts";
import { findFreeJobs, writeCheckpoints } from "../database/calls/checkpoints.ts";
import { findLockHolders } from "../database/calls/lockHolders.ts";
import { addWakeUps } from "../database/calls/wakeUps.ts";
import { findLostClaims, releaseWorker } from "../database/calls/workers.ts";
import { type SchemaNames, schemaNames } from "../database/schemaNames.ts";
import type { EventHub } from "../telemetry/events.ts";
import { createCheckpointWriter } from "./checkpointWriter.ts";
import { startClaimCheck } from "./claimCheck.ts";
import { createClaimer } from "./claimer.ts";
import { openConnections } from "./connections.ts";
import { endsWithin } from "./deadline.ts";
import type { HeldJobs } from "./heldJobs.ts";
import { DEFAULT_LARGEST_RESULT_BYTES } from "./resultText.ts";
import type { EngineSession } from "./session.ts";
import { createTurns } from "./turns.ts";
import { createSuspectPlace } from "./suspects.ts";

/** How long the last words of a worker may take; if they are not heard, it is found dead and its jobs are taken over. */
const RELEASE_WITHIN_MS = 1500;
const END_WITHIN_MS = 200;

/** What {@link openSession} takes. */
export interface SessionOptions {
  /** Default: libpq's environment variables. */
  readonly connectionString: string | undefined;
  /** What the schemas are called. Default: `ratchet` and `graphile_worker`. */
  readonly schemas?: Partial<SchemaNames> | undefined;
  readonly log: Logger;
  readonly events: EventHub;
  /** Jobs it runs at once, for whoever looks at the workers. */
  readonly concurrency: number;
  /** Versions of definitions it has handlers for. Default: none. */
  readonly knownVersions?: readonly string[] | undefined;
  /** Whether it claims jobs outside the queue, due or not. Default: false. */
  readonly isOrder?: boolean | undefined;
  /** Connections for transaction tasks. Default 5. */
  readonly mostTransactions?: number | undefined;
  /** Default: 1 MiB. */
  readonly largestResultBytes?: number | undefined;
  /** What runs here; those of them that this worker loses are told so. */
  readonly held: HeldJobs;
  /**
   * Whether it gives signs of life, looks after its claims and takes over from dead workers. Default: true. Without it a
   * database that nobody else looks at is opened faster.
   */
  readonly hasPulse?: boolean | undefined;
  /** Is told the jobs that this process has changed. */
  readonly onWritten?: ((jobIds: readonly string[]) => void) | undefined;
}

/** A session that can be ended. */
export interface OpenSession extends EngineSession {
  /** As in `Pulse`. */
  notePools(poolIds: readonly string[]): Promise<void>;
  /**
   * Gives up what is not written, hands back what this worker still holds, and closes every connection. Safe twice.
   * Ends within three seconds, whatever Postgres does; mostly at once.
   * @param releaseWithinMs how long the hand-back may take. Default 1,500.
   * @returns how many jobs were handed back; `null` if Postgres did not answer.
   */
  close(releaseWithinMs?: number): Promise<number | null>;
}

/** Opens the engine's connections and registers this process as a worker. */
export async function openSession(options: SessionOptions): Promise<OpenSession> {
  const { connectionString, log, events, held } = options;
  const schemas = schemaNames(options.schemas);
  const { knownVersions = [], isOrder = false, hasPulse = true, mostTransactions = 5 } = options;
  const closing = new AbortController();
  const onWritten = options.onWritten ?? ((): void => {});
  const { pulse, pool, transactionPool } = await openConnections({
    connectionString,
    schemas,
    mostTransactions,
    hasPulse,
    concurrency: options.concurrency,
    knownVersions,
    events,
    log,
    closing: closing.signal,
    onBuried(workerId) {
      const claims = held.claims();
      events.emit("worker.buried", { workerId, claims: claims.length });
      held.lose(claims);
    },
    onWritten,
  });
  const { workerId } = pulse;
  const writer = createCheckpointWriter({
    write: (checkpoints) => writeCheckpoints(pool, workerId, checkpoints),
    findFree: (checkpoints) => findFreeJobs(pool, checkpoints),
    findHolders: () => findLockHolders(pool),
    events,
    onWritten,
  });
  const suspects = createSuspectPlace((jobId) => {
    // If that fails, its delayed wake-up comes.
    addWakeUps(pool, [jobId]).catch(() => {});
  });
  const claimer = createClaimer({
    workerId,
    claim: (jobIds, version) =>
      claimJobs(pool, workerId, jobIds, {
        versions: version === undefined ? knownVersions : [version],
        isOrder,
        takesSuspect: suspects.isFree(),
      }),
    handBack: (claims) => handBack(pool, workerId, claims),
    isRunning: (jobId) => held.has(jobId),
    suspects,
    events,
    signal: closing.signal,
  });
  const endClaimCheck = hasPulse
    ? startClaimCheck({
        held,
        findLost: (claims) => findLostClaims(pool, workerId, claims),
      })
    : (): void => {};

  async function close(releaseWithinMs: number): Promise<number | null> {
    endClaimCheck();
    writer.abandon();
    closing.abort(new Error("The session is closed."));
    const handingBack = releaseWorker(pool, workerId).catch(() => null);
    const handedBack = (await endsWithin(handingBack, releaseWithinMs)) ? await handingBack : null;
    await pulse.close();
    // A connection that hears nothing any more never ends.
    await endsWithin(Promise.all([pool.end(), transactionPool.end()]), END_WITHIN_MS);
    return handedBack;
  }
  let closed: Promise<number | null> | undefined;

  return {
    workerId,
    pool,
    transactionPool,
    transactionTurns: createTurns(mostTransactions),
    schemas,
    writer,
    claimer,
    suspects,
    events,
    log,
    largestResultBytes: options.largestResultBytes ?? DEFAULT_LARGEST_RESULT_BYTES,
    onWritten,
    closing: closing.signal,
    notePools: (poolIds) => pulse.notePools(poolIds),
    close: (releaseWithinMs = RELEASE_WITHIN_MS) => (closed ??= close(releaseWithinMs)),
  };
}
