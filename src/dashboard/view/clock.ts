import { useEffect, useState } from "preact/hooks";

const TICK_MS = 1000;
const listeners = new Set<() => void>();
let timer = 0;

/** The time now, in ms, and again each second. One timer serves the whole page. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const tick = (): void => {
      setNow(Date.now());
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
