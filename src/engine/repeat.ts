import { setTimeout as sleep } from "node:timers/promises";
import { codeOf, troubleOf } from "../database/transientErrors.ts";
import type { EventHub } from "../telemetry/events.ts";

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5000;

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
 * locked rows. Trouble is told once, and so is its end.
 * @throws the last error when the signal is aborted; at once what Postgres refuses for its value.
 */
export async function repeatUntilAnswered<Answer>(
  attempt: () => Promise<Answer>,
  { call, events, signal }: RepeatOptions,
): Promise<Answer> {
  let delayMs = FIRST_DELAY_MS;
  let troubledSince: number | null = null;
  for (;;) {
    try {
      const answer = await attempt();
      if (troubledSince !== null) {
        events.emit("database.recovered", { call, durationMs: performance.now() - troubledSince });
      }
      return answer;
    } catch (error) {
      if (signal.aborted || troubleOf(error) === "value refused") {
        throw error;
      }
      if (troubledSince === null) {
        troubledSince = performance.now();
        const errorMessage = error instanceof Error ? error.message : String(error);
        events.emit("database.troubled", { call, errorMessage, errorCode: codeOf(error) });
      }
      await sleep(delayMs, undefined, { signal }).catch(() => {
        throw error;
      });
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    }
  }
}
