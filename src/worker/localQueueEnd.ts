import type { WorkerEventMap, WorkerEvents } from "graphile-worker";

type LocalQueue = WorkerEventMap["localQueue:init"]["localQueue"];

/**
 * Lets the local queue give back what lies in it just before its pool shuts down. graphile-worker 0.18 throws when it gives
 * back while it is being released ("Cannot background something when the queue is already released"), and so ends the pool by
 * force: rows whose handlers run are freed as failed, and wait for hours after a few tries.
 */
export function giveBackBeforeRelease(poolEvents: WorkerEvents): void {
  let localQueue: LocalQueue | undefined;
  poolEvents.on("localQueue:init", (event) => {
    ({ localQueue } = event);
  });
  poolEvents.on("pool:gracefulShutdown", () => {
    if (localQueue?.mode === "WAITING") {
      // What its timer would do.
      (localQueue as unknown as { readonly setModeTtlExpired: () => void }).setModeTtlExpired();
    }
  });
}
