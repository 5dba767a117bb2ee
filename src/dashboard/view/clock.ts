import { useEffect, useState } from "preact/hooks";

const TICK_MS = 1000;
/** The header `Date` counts whole seconds, and an answer takes a moment: less than this is not known to be wrong. */
const TRUSTED_WITHIN_MS = 3000;
const listeners = new Set<() => void>();
let timer = 0;
let aheadMs = 0;

/** The time now, in ms, by the server's clock where the browser's is wrong. */
export function nowMs(): number {
  return Date.now() + aheadMs;
}

/** Compares the clocks: `date` is the header of an answer that just came. */
export function heedServerDate(date: string | null): void {
  const serverMs = Date.parse(date ?? "");
  if (!Number.isNaN(serverMs)) {
    // The second began up to a second ago.
    const differenceMs = serverMs + 500 - Date.now();
    aheadMs = Math.abs(differenceMs) < TRUSTED_WITHIN_MS ? 0 : differenceMs;
  }
}

/** {@link nowMs}, and again each second. One timer serves the whole page. */
export function useNow(): number {
  const [now, setNow] = useState(nowMs);
  useEffect(() => {
    const tick = (): void => {
      setNow(nowMs());
    };
    listeners.add(tick);
    if (listeners.size === 1) {
      timer = setInterval(() => {
        for (const listener of listeners) {
          listener();
        }
      }, TICK_MS);
    }
    return () => {
      listeners.delete(tick);
      if (listeners.size === 0) {
        clearInterval(timer);
      }
    };
  }, []);
  return now;
}
