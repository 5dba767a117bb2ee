import { setTimeout as delay } from "node:timers/promises";

/**
 * Asks `condition` every 10 ms until it gives something other than false, null or undefined, and returns that. Throws
 * after `timeoutMs` (default 30 s), with `what` in the message.
 */
export async function waitUntil<Value>(
  condition: () => Value | Promise<Value>,
  { timeoutMs = 30_000, what = "the condition" }: { timeoutMs?: number; what?: string } = {},
): Promise<Exclude<Value, false | null | undefined>> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<Value, false | null | undefined>;
    }
    if (Date.now() > deadlineMs) {
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`);
    }
    await delay(10);
  }
}

/** A promise together with the functions that settle it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value | PromiseLike<Value>) => void;
  readonly reject: (reason: unknown) => void;
}

/** Makes a promise that the test settles by hand. */
export function deferred<Value = void>(): Deferred<Value> {
  return Promise.withResolvers<Value>();
}
