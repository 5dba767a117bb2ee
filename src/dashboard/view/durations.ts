const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** A length of time in its two largest units: `3 min 20 s`, `2 d`, `340 ms`. */
export function durationText(durationMs: number): string {
  const rounded = Math.max(0, Math.round(durationMs));
  if (rounded < 1000) {
    return `${rounded} ms`;
  }
  if (rounded < 10_000) {
    return `${Number((rounded / 1000).toFixed(1))} s`;
  }
  let rest = Math.round(rounded / 1000) * 1000;
  const parts: string[] = [];
  for (const [name, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) {
      parts.push(`${count} ${name}`);
    } else if (parts.length > 0) {
      break;
    }
    if (parts.length === 2) {
      break;
    }
  }
  return parts.join(" ");
}

/** How far a moment is from now: `3 min ago`, `in 20 s`, `now`. */
export function distanceText(atMs: number, nowMs: number): string {
  const distanceMs = atMs - nowMs;
  if (Math.abs(distanceMs) < 1000) {
    return "now";
  }
  const text = durationText(Math.round(Math.abs(distanceMs) / 1000) * 1000);
  return distanceMs > 0 ? `in ${text}` : `${text} ago`;
}
