import { nowMs } from "../peer.ts";

/** Adds `count` times with `callers` at once, each one call after the other; calls a second. */
export async function callsPerSecond(
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
  const beganMs = nowMs();
  await Promise.all(Array.from({ length: callers }, caller));
  return count / ((nowMs() - beganMs) / 1000);
}

/** Asks again until the answer is true. It is asked only at the end of a drain, when no handler runs any more. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    // The round trip is the pause.
  }
}
