import type { Worker, WorkerEvents, WorkerPool } from "graphile-worker";
import { endsWithin } from "../engine/deadline.ts";

/** How long completions of the last handlers may take to be written. */
const FLUSH_WITHIN_MS = 1000;

/** Knows when a pool of graphile-worker's is really at its end. */
export interface PoolEnds {
  /**
   * Waits until a pool that fetches nothing more has ended: until `ending` settles, or until its handlers are done and their
   * completions had time to be written. graphile-worker 0.18 never ends a pool once a batch of completions has failed, as
   * it does when Postgres restarts: it counts the failure off twice.
   * @returns whether `ending` has settled.
   */
  wait(pool: WorkerPool, ending: Promise<unknown>): Promise<boolean>;
}

interface WorkerEvent {
  readonly worker: Worker;
}

/** Counts the handlers of each pool that tells its events here. */
export function followPoolEnds(poolEvents: WorkerEvents): PoolEnds {
  const running = new WeakMap<WorkerPool, number>();
  const idle = new WeakMap<WorkerPool, () => void>();

  function count({ workerPool }: Worker, change: number): void {
    const handlers = (running.get(workerPool) ?? 0) + change;
    running.set(workerPool, handlers);
    if (handlers === 0) {
      idle.get(workerPool)?.();
    }
  }
  poolEvents.on("job:start", ({ worker }: WorkerEvent) => {
    count(worker, 1);
  });
  poolEvents.on("job:complete", ({ worker }: WorkerEvent) => {
    count(worker, -1);
  });

  return {
    async wait(pool, ending) {
      const settled = ending.catch(() => {});
      if ((running.get(pool) ?? 0) > 0) {
        const isIdle = new Promise<void>((resolve) => {
          idle.set(pool, resolve);
        });
        await Promise.race([settled, isIdle]);
      }
      return endsWithin(settled, FLUSH_WITHIN_MS);
    },
  };
}
