import { useEffect, useState } from "preact/hooks";

import { clockJumps, hearClockJumps, nowMs } from "./serverClock.ts";

const TICK_MS = 1000;
const listeners = new Set<() => void>();
let timer = 0;
let stopHearing = (): void => {};

function tickAll(): void {
  for (const listener of listeners) {
    listener();
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
      timer = setInterval(tickAll, TICK_MS);
      stopHearing = hearClockJumps(tickAll);
    }
    return () => {
      listeners.delete(tick);
      if (listeners.size === 0) {
        clearInterval(timer);
        stopHearing();
      }
    };
  }, []);
  return now;
}

/** {@link clockJumps}, followed: what was worked out from {@link nowMs} before is wrong. */
export function useClockJumps(): number {
  const [jumps, setJumps] = useState(clockJumps);
  useEffect(() => {
    const look = (): void => {
      setJumps(clockJumps());
    };
    look();
    return hearClockJumps(look);
  }, []);
  return jumps;
}
