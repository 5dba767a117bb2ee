/** The header `Date` counts whole seconds, and an answer takes a moment: less than this is not known to be wrong. */
const TRUSTED_WITHIN_MS = 3000;
/** Smaller differences to what was found before are those of whole seconds, too. */
const STEADY_WITHIN_MS = 1500;
let aheadMs = 0;
let jumps = 0;
const listeners = new Set<() => void>();

/** The time now, in ms, by the server's clock where the browser's is wrong. */
export function nowMs(): number {
  return Date.now() + aheadMs;
}

/** How often {@link nowMs} has jumped, because a clock was found wrong or was set right. */
export function clockJumps(): number {
  return jumps;
}

/** Calls back after each such jump; returns what ends that. */
export function hearClockJumps(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Compares the clocks: `date` is the header of an answer that just came. */
export function heedServerDate(date: string | null): void {
  const serverMs = Date.parse(date ?? "");
  if (Number.isNaN(serverMs)) {
    return;
  }
  // The second began up to a second ago.
  const differenceMs = serverMs + 500 - Date.now();
  const nextMs = Math.abs(differenceMs) < TRUSTED_WITHIN_MS ? 0 : differenceMs;
  if (Math.abs(nextMs - aheadMs) > STEADY_WITHIN_MS) {
    aheadMs = nextMs;
    jumps += 1;
    for (const listener of listeners) {
      listener();
    }
  }
}
