import { RatchetError } from "../errors/ratchetError.ts";

/**
 * What a task returned, as the JSON text that is stored: `null` for `undefined` (and what JSON has no word for at the top
 * level, a function or symbol).
 * @param task named in the error.
 * @throws {RatchetError} RT114 for a BigInt, a cycle or a `toJSON` that throws.
 */
export function resultJson(value: unknown, task: string): string | null {
  try {
    // Its type says string; for undefined, functions and symbols it is undefined.
    const text: string | undefined = JSON.stringify(value);
    return text ?? null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RatchetError("RT114", `The result of "${task}" cannot be written as JSON: ${reason}`, { cause: error });
  }
}
