import { RatchetError } from "../errors/ratchetError.ts";
import { type Duration, durationToMs } from "./duration.ts";

/** How long finished jobs are kept, counted from their end. Then workers delete them, with their tasks and failures. */
export interface RetentionOptions {
  /** Of COMPLETED jobs. Default: `"30 d"`. */
  readonly completed?: Duration | "forever" | undefined;
  /** Of jobs that have FAILED for good or are CANCELLED. Default: `"90 d"`. */
  readonly failed?: Duration | "forever" | undefined;
}

/** {@link RetentionOptions} checked: milliseconds; `null` means the database's default. */
export interface RetentionPolicy {
  readonly completed: number | "forever" | null;
  readonly failed: number | "forever" | null;
}

/** From here on SQL takes a time for "for ever". */
const LONGEST_MS = durationToMs("365000 d");

/**
 * Checks how long jobs are to be kept.
 * @throws {RatchetError} RT112 if a value is no duration or over 365,000 days.
 */
export function createRetentionPolicy({ completed, failed }: RetentionOptions = {}): RetentionPolicy {
  return Object.freeze({ completed: keptFor("completed", completed), failed: keptFor("failed", failed) });
}

function keptFor(
  option: keyof RetentionOptions,
  value: Duration | "forever" | undefined,
): RetentionPolicy["completed"] {
  if (value === undefined || value === "forever") {
    return value ?? null;
  }
  const keptForMs = durationToMs(value);
  if (keptForMs > LONGEST_MS) {
    throw new RatchetError("RT112", `retention.${option} is "${value}", but must be at most "365000 d".`, {
      hint: 'Say "forever" to keep the jobs until you delete them.',
    });
  }
  return keptForMs;
}
