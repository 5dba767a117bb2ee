import type { Job, Worker, WorkerEvents, WorkerPool } from "graphile-worker";
import { nudge } from "./nudge.ts";

/** When to look for the next job of a named queue. After the last of them the next poll is near. */
const QUEUE_FREE_AFTER_MS = [5, 50, 500];

const LISTENING_AFTER_MS = [20, 200];

/** Makes graphile-worker's pools look at once in two cases that it leaves to its next poll, up to two seconds later. */
export function closePollGaps(poolEvents: WorkerEvents): void {
  poolEvents.on("pool:listen:success", lookAfterListen);
  poolEvents.on("job:complete", createQueueFollower());
}

interface ListenEvent {
  readonly workerPool: WorkerPool;
}

/** What was added after the last fetch and before LISTEN took effect, at the start or after a lost connection. */
function lookAfterListen({ workerPool }: ListenEvent): void {
  // The event comes just before LISTEN is sent, on a connection that is graphile-worker's to query.
  for (const delayMs of LISTENING_AFTER_MS) {
    setTimeout(nudge, delayMs, workerPool, 1).unref();
  }
}

interface CompleteEvent {
  readonly worker: Worker;
  readonly job: Job;
}

/**
 * The next job of a named queue: graphile-worker frees the queue a moment after it says that a job is complete, and tells
 * nobody. Left alone, a queue of quick jobs runs one in two seconds.
 */
function createQueueFollower(): (event: CompleteEvent) => void {
  const isScheduled = new WeakSet<WorkerPool>();

  return ({ worker: { workerPool }, job }) => {
    if (job.job_queue_id === null || isScheduled.has(workerPool)) {
      return;
    }
    isScheduled.add(workerPool);
    for (const [index, delayMs] of QUEUE_FREE_AFTER_MS.entries()) {
      const timer = setTimeout(() => {
        if (index === 0) {
          isScheduled.delete(workerPool);
        }
        nudge(workerPool, 1);
      }, delayMs);
      timer.unref();
    }
  };
}
