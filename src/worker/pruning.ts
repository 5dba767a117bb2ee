import type { EventHub } from "../telemetry/events.ts";
import { isOfOneCall, troublesOf } from "../telemetry/troubles.ts";

/** A round costs as much as there are FAILED jobs older than COMPLETED ones are kept: docs/decisions/0008-retention.md. */
const ROUND_EVERY_MS = 300_000;
/** Between the slices of a round, so that jobs that run hardly notice. */
const PAUSE_MS = 250;
/** Jobs deleted in one commit. */
const SLICE = 1000;

/** The regular deletion of finished jobs. */
export interface Pruning {
  stop(): Promise<void>;
}

/** What {@link startPruning} takes. */
export interface PruningOptions {
  readonly events: EventHub;
  /** Deletes at most so many jobs; resolves to how many there were. */
  readonly prune: (maxJobs: number) => Promise<number>;
}

/**
 * Deletes finished jobs that are kept no longer: a round begins every five minutes, and goes on slice by slice while
 * there are more. Apart from the signs of life, because a slice may take longer than they may be away.
 */
export function startPruning({ events, prune }: PruningOptions): Pruning {
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();
  let isStopped = false;
  const troubles = troublesOf(events);
  const caller = {};

  async function work(): Promise<void> {
    let pauseMs = ROUND_EVERY_MS;
    try {
      const jobs = await prune(SLICE);
      troubles.answered(caller);
      if (jobs > 0) {
        events.emit("jobs.pruned", { jobs });
      }
      if (jobs === SLICE) {
        pauseMs = PAUSE_MS;
      }
    } catch (error) {
      // The next round tries again. Nobody else tells of what is wrong with pruning alone: a table that refers to the jobs.
      if (isOfOneCall(error)) {
        troubles.failed(caller, "prune", error);
      }
    }
    if (!isStopped) {
      timer = setTimeout(begin, pauseMs);
    }
  }

  function begin(): void {
    working = work();
  }
  begin();

  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await working;
      troubles.gaveUp(caller);
    },
  };
}
