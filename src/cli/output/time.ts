/** A span as people read it: `0.03 s`, `12.4 s`, `2 min 5 s`, `1 h 5 min`. Negative spans count as none. */
export function formatSpan(spanMs: number): string {
  const seconds = Math.max(0, spanMs) / 1000;
  if (seconds < 9.995) {
    return `${seconds.toFixed(2)} s`;
  }
  if (seconds < 59.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 3600) {
    return joinUnits(Math.floor(whole / 60), "min", whole % 60, "s");
  }
  const minutes = Math.round(whole / 60);
  return joinUnits(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** A remaining time, in tenths below a minute: `2.4 s`, `1 min 20 s`. */
export function formatCountdown(remainingMs: number): string {
  const seconds = Math.max(0, remainingMs) / 1000;
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : formatSpan(remainingMs);
}

/** A delay in round figures: `3 s`, `2.5 s`, `1 min 20 s`. */
export function formatDelay(delayMs: number): string {
  const seconds = Math.max(0, delayMs) / 1000;
  return seconds < 59.95 ? `${Number(seconds.toFixed(1))} s` : formatSpan(delayMs);
}

/** How long ago or ahead, in whole units, for lists: `12 s`, `3 min`, `5 h`, `4 d`. */
export function formatAge(spanMs: number): string {
  const seconds = Math.floor(Math.max(0, spanMs) / 1000);
  for (const [unit, unitSeconds] of AGE_UNITS) {
    if (seconds >= 2 * unitSeconds || unitSeconds === 1) {
      return `${Math.floor(seconds / unitSeconds)} ${unit}`;
    }
  }
  return "";
}

/** The local time of day, `12:00:01`. */
export function formatClock(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

const AGE_UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
] as const;

function joinUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
