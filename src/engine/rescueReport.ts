import { listCountedDeaths } from "../database/calls/deaths.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import type { EventHub } from "../telemetry/events.ts";

/** What {@link reportRescue} takes. */
export interface RescueReport {
  readonly db: Queryable;
  readonly events: EventHub;
  readonly workerId: number;
  readonly deadWorkerId: number;
  /** The jobs that were taken over. */
  readonly jobIds: readonly string[];
}

/** Tells of a rescue, and of the tries that the death has failed: nobody else is left to tell of these. */
export async function reportRescue({ db, events, workerId, deadWorkerId, jobIds }: RescueReport): Promise<void> {
  events.emit("worker.rescued", { workerId, deadWorkerId, jobs: jobIds.length });
  // Without an answer they stand in task_failures all the same.
  const deaths = jobIds.length === 0 ? [] : await listCountedDeaths(db, deadWorkerId, jobIds).catch(() => []);
  for (const death of deaths) {
    events.emit("task.failed", { ...death, batch: "rescue", errorStack: null });
  }
}
