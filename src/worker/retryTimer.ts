/** Wakes the pool when a retry comes due: graphile-worker itself would notice at its next poll only. */
export interface RetryTimer {
  /** Notes that a job is due so many milliseconds from now. */
  note(dueInMs: number): void;
  close(): void;
}

const LONGEST_TIMER_MS = 2_147_483_647;
/** The wake-up's time and ours come from different clock readings. */
const MARGIN_MS = 5;

/**
 * Creates a timer for the earliest of all times noted.
 * @param onDue is called once for all retries due by then, with their number.
 */
export function createRetryTimer(onDue: (count: number) => void): RetryTimer {
  // Ascending. Retries mostly come in that order, since most wait equally long.
  const dueTimes: number[] = [];
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    clearTimeout(timer);
    const [earliest] = dueTimes;
    if (earliest !== undefined) {
      timer = setTimeout(fire, Math.min(Math.max(earliest - performance.now(), 0), LONGEST_TIMER_MS));
      timer.unref();
    }
  }

  function fire(): void {
    const now = performance.now();
    const later = dueTimes.findIndex((time) => time > now);
    const count = dueTimes.splice(0, later === -1 ? dueTimes.length : later).length;
    schedule();
    if (count > 0) {
      onDue(count);
    }
  }

  return {
    note(dueInMs) {
      const dueTime = performance.now() + dueInMs + MARGIN_MS;
      const place = dueTimes.findLastIndex((time) => time <= dueTime) + 1;
      dueTimes.splice(place, 0, dueTime);
      if (place === 0) {
        schedule();
      }
    },
    close() {
      clearTimeout(timer);
      dueTimes.length = 0;
    },
  };
}
