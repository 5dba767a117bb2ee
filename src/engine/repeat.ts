import { setTimeout as sleep } from "node:timers/promises";
import { isRepeatRequest, troubleOf } from "../database/transientErrors.ts";
import type { EventHub } from "../telemetry/events.ts";
import { troublesOf } from "../telemetry/troubles.ts";

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5000;
const FAILURES_BEFORE_ORDINARY_IS_TOLD = 4;

/** What {@link repeatUntilAnswered} takes. */
export interface RepeatOptions {
  /** The call's name in the log. */
  readonly call: string;
  readonly events: EventHub;
  /** Ends the repeating with the last error. */
  readonly signal: AbortSignal;
}

/**
 * Makes a repeatable call until Postgres answers it, with growing pauses: through restarts, lost connections, deadlocks and
 * locked rows. A pause ends early when another call that had met the same trouble is answered. Trouble is told once for all
 * calls together, and so is its end.
 * @throws the last error when the signal is aborted; at once what Postgres refuses for its value.
 */
export async function repeatUntilAnswered<Answer>(
  attempt: () => Promise<Answer>,
  { call, events, signal }: RepeatOptions,
): Promise<Answer> {
  const troubles = troublesOf(events);
  const caller = {};
  for (let tries = 1; ; tries++) {
    try {
      const answer = await attempt();
      troubles.answered(caller);
      return answer;
    } catch (error) {
      if (troubleOf(error) === "value refused") {
        // A refusal is an answer.
        troubles.answered(caller);
        throw error;
      }
      if (!signal.aborted) {
        if (isWorthTelling(error, tries)) {
          troubles.failed(caller, call, error);
        }
        const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (tries - 1), LONGEST_DELAY_MS);
        const ends = AbortSignal.any([signal, troubles.nextAnswer(call, error)]);
        await sleep(delayMs, undefined, { signal: ends }).catch(() => {});
      }
      if (signal.aborted) {
        troubles.gaveUp(caller);
        throw error;
      }
    }
  }
}

/** Whether a call that has failed so often in a row is trouble: beside others who write it fails now and then. */
export function isWorthTelling(error: unknown, failures: number): boolean {
  const isOrdinary = isRepeatRequest(error) || troubleOf(error) === "locked";
  return failures >= (isOrdinary ? FAILURES_BEFORE_ORDINARY_IS_TOLD : 1);
}
