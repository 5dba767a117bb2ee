import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { registerWorker, rescueWorker, workersOfHost } from "../database/calls/workers.ts";
import { isAlive } from "../database/embedded/processes.ts";
import { openPulseConnection } from "../database/pulseConnection.ts";
import type { EventHub } from "../telemetry/events.ts";
import { type Pulse, type PulseOptions, startPulse } from "./pulse.ts";
import { reportRescue } from "./rescueReport.ts";

/** Workers of this very process, which live even while their lock's connection is being opened again. */
const ownWorkers = new Set<number>();

/** Enters this process as a worker that gives signs of life until it is closed. */
export async function register(options: PulseOptions): Promise<Pulse> {
  const pulse = await startPulse(options);
  return owned(pulse);
}

/**
 * Enters this process as a worker that holds its lock and gives no further sign of life, for databases that nobody else
 * looks at: a thread takes 100 ms to start.
 */
export async function registerQuietly({
  connectionString,
  schemas,
  description,
}: Pick<PulseOptions, "connectionString" | "schemas" | "description">): Promise<Pulse> {
  const connection = await openPulseConnection({ connectionString, schemas });
  try {
    const workerId = await registerWorker(connection, description);
    return owned({ workerId, notePools: () => Promise.resolve(), close: () => connection.end() });
  } catch (error) {
    await connection.end();
    throw error;
  }
}

function owned(pulse: Pulse): Pulse {
  ownWorkers.add(pulse.workerId);
  return {
    ...pulse,
    async close() {
      await pulse.close();
      ownWorkers.delete(pulse.workerId);
    },
  };
}

/** How long the server may take to notice that a killed process' connection is gone. */
const UNTIL_NOTICED_MS = 3000;

/** What {@link clearPredecessors} takes. */
export interface ClearingOptions {
  readonly pool: pg.Pool;
  readonly workerId: number;
  readonly host: string;
  readonly events: EventHub;
}

/**
 * Takes over at once from workers of this host that are dead, so that a process that starts again goes on where it was killed.
 * Dead is whose lock is free and whose process id is gone or is our own.
 */
export async function clearPredecessors({ pool, workerId, host, events }: ClearingOptions): Promise<void> {
  const deadline = performance.now() + UNTIL_NOTICED_MS;
  for (;;) {
    const dead = (await workersOfHost(pool, host)).filter(({ id, pid }) =>
      pid === process.pid ? !ownWorkers.has(id) : !isAlive(pid),
    );
    for (const { id } of dead.filter(({ isLocked }) => !isLocked)) {
      const jobIds = await rescueWorker(pool, workerId, { deadId: id, beatAt: null, isSilent: false });
      if (jobIds !== null) {
        await reportRescue({ db: pool, events, workerId, deadWorkerId: id, jobIds });
      }
    }
    const isWaiting = dead.some(({ isLocked, pid }) => isLocked && pid !== process.pid);
    if (!isWaiting || performance.now() > deadline) {
      return;
    }
    await sleep(50);
  }
}
