import { nowMs } from "../../peer.ts";

/** `count` divided by the seconds that `work` takes. */
export async function ratePerSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const beganMs = nowMs();
  await work();
  return count / ((nowMs() - beganMs) / 1000);
}

/** Adds `count` times with `callers` at once, each one call after the other; calls a second. */
export function callsPerSecond(
  count: number,
  callers: number,
  call: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  async function caller(): Promise<void> {
    for (let index = next++; index < count; index = next++) {
      await call(index);
    }
  }
  return ratePerSecond(count, () => Promise.all(Array.from({ length: callers }, caller)));
}
