import type { SweepReport } from "../database/calls/wakeUps.ts";
import type { EventHub } from "../telemetry/events.ts";

const BEAT_MS = 1000;
const SWEEP_EVERY_BEATS = 5;
/** Unfinished jobs looked at in one sweep. */
const SWEEP_LIMIT = 1000;
const FROM_THE_START = "0";

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
  readonly sweep: (after: string, limit: number) => Promise<SweepReport>;
}

/**
 * Gives a sign of life every second, and sweeps through the unfinished jobs: a round begins every five seconds, and goes on
 * by one slice a second while there is more.
 */
export function startMaintenance({ events, beat, sweep }: MaintenanceOptions): Maintenance {
  let after = FROM_THE_START;
  let beats = 0;
  let working: Promise<void> = Promise.resolve();
  let isWorking = false;

  async function work(): Promise<void> {
    if (isWorking) {
      return;
    }
    isWorking = true;
    try {
      await beat();
      if (after !== FROM_THE_START || beats % SWEEP_EVERY_BEATS === 0) {
        const { nextAfter, woken, settled } = await sweep(after, SWEEP_LIMIT);
        after = nextAfter;
        if (woken.length + settled.length > 0) {
          events.emit("sweep.mended", { woken, settled });
        }
      }
      beats++;
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
