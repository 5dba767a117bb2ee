import type { Job, Worker, WorkerEvents, WorkerPool } from "graphile-worker";
import type pg from "pg";
import { nudge } from "./nudge.ts";

/** When to look for the next job of a named queue. After the last of them the next poll is near. */
const QUEUE_FREE_AFTER_MS = [5, 50, 500];

/** Makes graphile-worker's pools look at once in two cases that it leaves to its next poll, up to two seconds later. */
export function closePollGaps(poolEvents: WorkerEvents): void {
  poolEvents.on("pool:listen:success", lookAfterListen);
  poolEvents.on("job:complete", createQueueFollower());
}

interface ListenEvent {
  readonly workerPool: WorkerPool;
  readonly client: pg.PoolClient;
}

/** What was added after the last fetch and before LISTEN took effect, at the start or after a lost connection. */
function lookAfterListen({ workerPool, client }: ListenEvent): void {
  // The event comes just before LISTEN is sent.
  queueMicrotask(() => {
    client.query("select").then(
      () => {
        nudge(workerPool, 1);
      },
      () => {
        // Lost again: the next connection comes by here.
      },
    );
  });
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
