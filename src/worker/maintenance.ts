import type { SweepReport } from "../database/calls/wakeUps.ts";
import type { EventHub } from "../telemetry/events.ts";

const SWEEP_EVERY_MS = 1000;

/** The regular work of a worker. */
export interface Maintenance {
  stop(): Promise<void>;
}

/** What {@link startMaintenance} takes. */
export interface MaintenanceOptions {
  readonly events: EventHub;
  /** Sweeps if it is time, which the database knows for all workers together. */
  readonly sweep: () => Promise<SweepReport>;
}

/** Takes part in the sweep through the unfinished jobs. */
export function startMaintenance({ events, sweep }: MaintenanceOptions): Maintenance {
  let working: Promise<void> = Promise.resolve();
  let isWorking = false;

  async function work(): Promise<void> {
    if (isWorking) {
      return;
    }
    isWorking = true;
    try {
      const { woken, settled } = await sweep();
      if (woken.length + settled.length > 0) {
        events.emit("sweep.mended", { woken, settled });
      }
    } catch {
      // Postgres is away; the calls that jobs wait for tell of it.
    } finally {
      isWorking = false;
    }
  }

  const timer = setInterval(() => {
    working = work();
  }, SWEEP_EVERY_MS);
  working = work();

  return {
    async stop() {
      clearInterval(timer);
      await working;
    },
  };
}
