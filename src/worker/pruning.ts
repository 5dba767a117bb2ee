import { codeOf } from "../database/transientErrors.ts";
import type { EventHub } from "../telemetry/events.ts";

/** A round costs as much as there are FAILED jobs older than COMPLETED ones are kept: docs/decisions/0008-retention.md. */
const ROUND_EVERY_MS = 300_000;
/** Between the slices of a round, so that jobs that run hardly notice. */
const PAUSE_MS = 250;
/** Jobs deleted in one commit. */
const SLICE = 1000;
const CALL = "prune";

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
  let troubledSince: number | null = null;

  async function work(): Promise<void> {
    let pauseMs = ROUND_EVERY_MS;
    try {
      const jobs = await prune(SLICE);
      if (troubledSince !== null) {
        events.emit("database.recovered", { call: CALL, durationMs: performance.now() - troubledSince });
        troubledSince = null;
      }
      if (jobs > 0) {
        events.emit("jobs.pruned", { jobs });
      }
      if (jobs === SLICE) {
        pauseMs = PAUSE_MS;
      }
    } catch (error) {
      // The next round tries again. Nobody else tells of what is wrong with pruning alone: a table that refers to the jobs.
      if (troubledSince === null) {
        troubledSince = performance.now();
        const errorMessage = error instanceof Error ? error.message : String(error);
        events.emit("database.troubled", { call: CALL, errorMessage, errorCode: codeOf(error) });
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
    },
  };
}
