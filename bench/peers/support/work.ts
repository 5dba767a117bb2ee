import { setTimeout as sleep } from "node:timers/promises";

import type { Ledger, RunOptions } from "../../peer.ts";

/** What every handler of every peer does: note that it ran, then wait a random while if the workload asks for it. */
export type Work = (job: number, step: number) => Promise<void>;

/** See {@link Work}. Without sleep it resolves at once: no timer, no further turn of the event loop. */
export function createWork({ sleepUpToMs }: Pick<RunOptions, "sleepUpToMs">, ledger: Ledger): Work {
  return async (job, step) => {
    ledger.ran(job, step);
    if (sleepUpToMs > 0) {
      await sleep(Math.random() * sleepUpToMs);
    }
  };
}
