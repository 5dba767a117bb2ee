import type { WorkerPool } from "graphile-worker";

/** Makes a pool look for wake-ups now. */
export function nudge(pool: WorkerPool, count: number): void {
  try {
    pool.nudge(count);
  } catch {
    // The pool is ending; whoever comes next polls.
  }
}
