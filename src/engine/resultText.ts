import { inspect } from "node:util";
import { RatchetError } from "../errors/ratchetError.ts";

/** Largest result stored for one task, in bytes of JSON, unless a worker is told otherwise: 1 MiB. */
export const DEFAULT_LARGEST_RESULT_BYTES = 1_048_576;

/**
 * A handler's return value as the JSON text that is stored: `null` for `undefined` (and what JSON has no word for at the
 * top level, a function or symbol).
 * @throws {RatchetError} RT114 for a BigInt, a cycle or a `toJSON` that throws; RT115 over the limit.
 */
export function resultText(value: unknown, task: string, largestBytes: number): string | null {
  let text: string | undefined;
  try {
    // eslint's types say string; for undefined, functions and symbols it is undefined.
    text = JSON.stringify(value) as string | undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : inspect(error);
    throw new RatchetError("RT114", `The result of "${task}" cannot be written as JSON: ${reason}`, { cause: error });
  }
  if (text === undefined) {
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
