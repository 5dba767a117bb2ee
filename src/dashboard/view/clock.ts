import { useEffect, useState } from "preact/hooks";

import { nowMs } from "./serverClock.ts";

const TICK_MS = 1000;
const listeners = new Set<() => void>();
let timer = 0;

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
