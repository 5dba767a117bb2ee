import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import {
  type WorkerDescription,
  lockWorker,
  registerWorker,
  releaseWorker,
  workersOfHost,
} from "../database/calls/workers.ts";
import { isAlive } from "../database/embedded/processes.ts";
import type { EventHub } from "../telemetry/events.ts";
import { repeatUntilAnswered } from "./repeat.ts";

/** A worker's place in `ratchet.workers`, and the connection that holds its lock. */
export interface Registration {
  readonly workerId: number;
  /** Gives up the lock; the worker is ended by `release_worker`. */
  close(): void;
}

/** What {@link register} takes. */
export interface RegistrationOptions {
  readonly pool: pg.Pool;
  readonly description: WorkerDescription;
  readonly events: EventHub;
}

/** Workers of this very process, which live even while their lock's connection is being opened again. */
const ownWorkers = new Set<number>();

/**
 * Enters this process as a worker and holds its lock for as long as it lives, on a connection of its own that is opened
 * again whenever it breaks.
 */
export async function register({ pool, description, events }: RegistrationOptions): Promise<Registration> {
  const closing = new AbortController();
  let connection = await pool.connect();
  const workerId = await registerWorker(connection, description).catch((error: unknown) => {
    connection.release(true);
    throw error;
  });
  ownWorkers.add(workerId);
  watch(connection);

  function watch(client: pg.PoolClient): void {
    client.once("error", () => {
      client.release(true);
      if (!closing.signal.aborted) {
        void lockAgain().catch(() => {});
      }
    });
  }

  async function lockAgain(): Promise<void> {
    const client = await repeatUntilAnswered(
      async () => {
        const fresh = await pool.connect();
        try {
          await lockWorker(fresh, workerId);
          return fresh;
        } catch (error) {
          fresh.release(true);
          throw error;
        }
      },
      { call: "hold the worker's lock", events, signal: closing.signal },
    );
    if (closing.signal.aborted) {
      client.release(true);
      return;
    }
    connection = client;
    watch(connection);
  }

  return {
    workerId,
    close() {
      closing.abort();
      ownWorkers.delete(workerId);
      connection.removeAllListeners("error");
      connection.on("error", () => {});
      try {
        connection.release(true);
      } catch {
        // It was lost and given back already.
      }
    },
  };
}

/** How long the server may take to notice that a killed process' connection is gone. */
const UNTIL_NOTICED_MS = 3000;

/**
 * Clears what dead workers of this host have left, so that a process that starts again goes on at once. Dead is whose lock
 * is free and whose process id is gone or is our own.
 */
export async function clearPredecessors(pool: pg.Pool, host: string, events: EventHub): Promise<void> {
  const deadline = performance.now() + UNTIL_NOTICED_MS;
  for (;;) {
    const dead = (await workersOfHost(pool, host)).filter(({ id, pid }) =>
      pid === process.pid ? !ownWorkers.has(id) : !isAlive(pid),
    );
    for (const { id } of dead.filter(({ isLocked }) => !isLocked)) {
      events.emit("worker.cleared", { workerId: id, jobs: await releaseWorker(pool, id) });
    }
    const isWaiting = dead.some(({ isLocked, pid }) => isLocked && pid !== process.pid);
    if (!isWaiting || performance.now() > deadline) {
      return;
    }
    await sleep(50);
  }
}
