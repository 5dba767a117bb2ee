import { RatchetError } from "../errors/ratchetError.ts";

/** A length of time in the public API: `"500 ms"`, `"30 s"`, `"5 min"`, `"2 h"`, `"30 d"` (of 24 h); fractions such as `"1.5 s"` are fine. */
export type Duration = `${number} ms` | `${number} s` | `${number} min` | `${number} h` | `${number} d`;

const MS_PER_UNIT = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

// Stricter than the type, whose `${number}` also takes "-1", "1e3" and "Infinity".
const DURATION = /^(?<amount>\d+(?:\.\d+)?) (?<unit>ms|s|min|h|d)$/v;

/**
 * The duration in whole milliseconds, rounded.
 * @throws {RatchetError} RT112 if the text is no duration, negative or too long to count in milliseconds.
 */
export function durationToMs(duration: Duration): number {
  const groups = typeof duration === "string" ? DURATION.exec(duration)?.groups : undefined;
  const durationMs = groups
    ? Math.round(Number(groups["amount"]) * MS_PER_UNIT[groups["unit"] as keyof typeof MS_PER_UNIT])
    : Number.NaN;
  if (!Number.isSafeInteger(durationMs)) {
    throw new RatchetError("RT112", `${JSON.stringify(duration)} is not a duration.`, {
      hint: 'Write a number, one space and a unit (ms, s, min, h or d), such as "500 ms" or "2 h".',
    });
  }
  return durationMs;
}
