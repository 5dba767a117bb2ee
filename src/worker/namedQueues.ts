import type { Job, Worker, WorkerEvents, WorkerPool } from "graphile-worker";
import { nudge } from "./nudge.ts";

/** After the last of them the next poll is near. */
const NUDGE_AFTER_MS = [5, 50, 500];

/**
 * Makes a pool look for the next job of a named queue when one has ended. graphile-worker frees the queue a moment after it
 * says that the job is complete, tells nobody, and looks again only at its next poll: one job in two seconds.
 */
export function followNamedQueues(poolEvents: WorkerEvents): void {
  const scheduled = new WeakSet<WorkerPool>();

  poolEvents.on("job:complete", ({ worker, job }: { readonly worker: Worker; readonly job: Job }) => {
    const { workerPool } = worker;
    // A job without a queue may have left its place to one that waits, but the pool sees to that itself.
    if (job.job_queue_id === null || scheduled.has(workerPool)) {
      return;
    }
    scheduled.add(workerPool);
    const [first = 0, ...later] = NUDGE_AFTER_MS;
    setTimeout(() => {
      scheduled.delete(workerPool);
      nudge(workerPool, 1);
    }, first).unref();
    for (const delayMs of later) {
      setTimeout(nudge, delayMs, workerPool, 1).unref();
    }
  });
}
