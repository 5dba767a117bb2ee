import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `check` says true, asking again `everyMs` after each answer. */
export async function waitUntil(check: () => boolean | Promise<boolean>, everyMs: number): Promise<void> {
  while (!(await check())) {
    await sleep(everyMs);
  }
}

const PORTION = 1000;

/** Calls `add` with the numbers below `count`, a thousand at a time, one call after the other. */
export async function inPortions(count: number, add: (portion: readonly number[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += PORTION) {
    await add(Array.from({ length: Math.min(PORTION, count - from) }, (_, index) => from + index));
  }
}
