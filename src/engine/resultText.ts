import { inspect } from "node:util";
import { resultJson } from "../definition/resultJson.ts";
import { RatchetError } from "../errors/ratchetError.ts";

/** Largest result stored for one task, in bytes of JSON, unless a worker is told otherwise: 1 MiB. */
export const DEFAULT_LARGEST_RESULT_BYTES = 1_048_576;

/**
 * A handler's return value as the JSON text that is stored, see {@link resultJson}.
 * @throws {RatchetError} RT114; RT115 over the limit.
 */
export function resultText(value: unknown, task: string, largestBytes: number): string | null {
  const text = resultJson(value, task);
  if (text === null) {
    return null;
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > largestBytes) {
    throw new RatchetError(
      "RT115",
      `The result of "${task}" has ${bytes} bytes as JSON; ${largestBytes} are the most.`,
    );
  }
  return text;
}

/** RT116, for a result that is JSON and that Postgres refuses all the same: NUL, half of a surrogate pair, too deep. */
export function refusedResult(refusal: unknown): RatchetError {
  const reason = refusal instanceof Error ? refusal.message : inspect(refusal);
  return new RatchetError("RT116", `Postgres refused the task's result: ${reason}`, { cause: refusal });
}
