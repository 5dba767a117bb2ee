import type { SweepReport } from "../database/calls/wakeUps.ts";
import { isWorthTelling } from "../engine/repeat.ts";
import type { EventHub } from "../telemetry/events.ts";
import { isOfOneCall, troublesOf } from "../telemetry/troubles.ts";

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
  const troubles = troublesOf(events);
  const caller = {};
  let working: Promise<void> | undefined;
  let failures = 0;

  async function work(): Promise<void> {
    try {
      const { woken, settled } = await sweep();
      failures = 0;
      troubles.answered(caller);
      if (woken.length + settled.length > 0) {
        events.emit("sweep.mended", { woken, settled });
      }
    } catch (error) {
      failures++;
      // The next one tries again. That Postgres is away the calls that jobs wait for tell.
      if (isOfOneCall(error) && isWorthTelling(error, failures)) {
        troubles.failed(caller, "sweep", error);
      }
    }
  }

  function begin(): void {
    working ??= work().finally(() => {
      working = undefined;
    });
  }
  begin();
  const timer = setInterval(begin, SWEEP_EVERY_MS);

  return {
    async stop() {
      clearInterval(timer);
      await working;
      troubles.gaveUp(caller);
    },
  };
}
