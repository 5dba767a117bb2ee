import type pg from "pg";

import { findWaits } from "../database/calls/lockHolders.ts";
import { processIdOf } from "../database/pgInternals.ts";

const LOOK_EVERY_MS = 2_000;

/**
 * Tells once of each session that a connection of `pool` waits for, from 2 s on: without that a command looks as if it hung.
 * @returns ends the telling.
 */
export function tellLockWaits(pool: pg.Pool, remark: (sentence: string) => void): () => void {
  const ours: number[] = [];
  const told = new Set<number>();
  pool.on("connect", (client) => {
    ours.push(processIdOf(client) ?? 0);
  });
  const look = async (): Promise<void> => {
    for (const { pid, holder } of await findWaits(pool, ours)) {
      if (!told.has(pid)) {
        told.add(pid);
        remark(`Waiting for a lock that ${holder} holds. Ctrl-C gives up.`);
      }
    }
  };
  const timer = setInterval(() => {
    // Whoever does the work is told what is wrong.
    look().catch(() => {});
  }, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}
