import { RatchetError } from "../errors/ratchetError.ts";
import { type Duration, durationToMs } from "./duration.ts";

/** How often and how soon a failed task is tried again. Tries are counted for each task, not for the job. */
export interface RetryOptions {
  /** Tries of one task, the first included. Default: 5. */
  readonly maxAttempts?: number | undefined;
  /** Wait after the first counted failure. Default: `"30 s"`. */
  readonly delay?: Duration | undefined;
  /** Factor by which the wait grows with each further counted failure. Default: 1, a constant wait. */
  readonly backoff?: number | undefined;
  /** The longest wait, before jitter. Default: no limit. */
  readonly maxDelay?: Duration | undefined;
  /** Share of the wait, from 0 to 1, that is added or taken away at random. Default: 0. */
  readonly jitter?: number | undefined;
}

/** {@link RetryOptions} checked and with defaults filled in; SQL computes each wait from it. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly delayMs: number;
  readonly backoff: number;
  /** `null`: no limit. */
  readonly maxDelayMs: number | null;
  readonly jitter: number;
}

// The largest value of the column's type, int4.
const MOST_ATTEMPTS = 2_147_483_647;

/**
 * Checks retry options and fills in the defaults.
 * @throws {RatchetError} RT112 if a value is out of its range.
 */
export function createRetryPolicy(options: RetryOptions = {}): RetryPolicy {
  const { maxAttempts = 5, delay = "30 s", backoff = 1, maxDelay, jitter = 0 } = options;
  requireThat(
    Number.isInteger(maxAttempts) && maxAttempts >= 1 && maxAttempts <= MOST_ATTEMPTS,
    "maxAttempts",
    maxAttempts,
    `a whole number from 1 to ${MOST_ATTEMPTS}`,
  );
  requireThat(Number.isFinite(backoff) && backoff >= 1, "backoff", backoff, "a number of at least 1");
  requireThat(Number.isFinite(jitter) && jitter >= 0 && jitter <= 1, "jitter", jitter, "a number from 0 to 1");

  const delayMs = durationToMs(delay);
  const maxDelayMs = maxDelay === undefined ? null : durationToMs(maxDelay);
  requireThat(maxDelayMs === null || maxDelayMs >= delayMs, "maxDelay", maxDelay, `at least the delay, "${delay}"`);
  return Object.freeze({ maxAttempts, delayMs, backoff, maxDelayMs, jitter });
}

function requireThat(isValid: boolean, option: keyof RetryOptions, value: unknown, expected: string): void {
  if (!isValid) {
    // JSON writes NaN and Infinity as null.
    const shown = typeof value === "number" ? String(value) : JSON.stringify(value);
    throw new RatchetError("RT112", `retry.${option} is ${shown}, but must be ${expected}.`);
  }
}
