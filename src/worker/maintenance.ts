import type { SweepReport } from "../database/calls/wakeUps.ts";
import type { EventHub } from "../telemetry/events.ts";

const BEAT_MS = 1000;

/** The regular work of a worker. */
export interface Maintenance {
  /** Gives a sign of life at once. */
  beatNow(): Promise<void>;
  stop(): Promise<void>;
}

/** What {@link startMaintenance} takes. */
export interface MaintenanceOptions {
  readonly events: EventHub;
  readonly beat: () => Promise<void>;
  /** Sweeps if it is time, which the database knows for all workers together. */
  readonly sweep: () => Promise<SweepReport>;
}

/** Gives a sign of life every second, and takes part in the sweep through the unfinished jobs. */
export function startMaintenance({ events, beat, sweep }: MaintenanceOptions): Maintenance {
  let working: Promise<void> = Promise.resolve();
  let isWorking = false;

  async function work(): Promise<void> {
    if (isWorking) {
      return;
    }
    isWorking = true;
    try {
      await beat();
      const { woken, settled } = await sweep();
      if (woken.length + settled.length > 0) {
        events.emit("sweep.mended", { woken, settled });
      }
    } catch {
      // Postgres is away; the calls that jobs wait for tell of it, and the next beat tries again.
    } finally {
      isWorking = false;
    }
  }

  const timer = setInterval(() => {
    working = work();
  }, BEAT_MS);
  working = work();

  return {
    async beatNow() {
      await working;
      await beat();
    },
    async stop() {
      clearInterval(timer);
      await working;
    },
  };
}
