import type { WorkerEvents, WorkerPool } from "graphile-worker";
import type pg from "pg";
import { ping } from "../database/calls/ping.ts";

const PING_EVERY_MS = 10_000;

interface ListenEvent {
  readonly workerPool: WorkerPool;
  readonly client: pg.PoolClient;
}

/**
 * Asks on graphile-worker's listening connection whether it is still there. It only ever waits on it, so it would never
 * notice that a firewall has forgotten the connection, and would hear of no wake-up again.
 */
export function pingListeners(poolEvents: WorkerEvents): void {
  const timers = new Map<pg.PoolClient, NodeJS.Timeout>();
  poolEvents.on("pool:listen:success", ({ client }: ListenEvent) => {
    const timer = setInterval(() => {
      // The connection itself tells of its loss.
      ping(client).catch(() => {});
    }, PING_EVERY_MS);
    timer.unref();
    timers.set(client, timer);
  });
  poolEvents.on("pool:listen:release", ({ client }: ListenEvent) => {
    clearInterval(timers.get(client));
    timers.delete(client);
  });
}
