import { setTimeout as delay } from "node:timers/promises";

/**
 * Asks `condition` every 10 ms until it gives something other than false, null or undefined, and returns that. Throws
 * after `timeoutMs` (default 60 s), with `what` in the message, as it is then. The time-out is for what never comes: a
 * shorter one makes a test fail where many processes want the CPU.
 */
export async function waitUntil<Value>(
  condition: () => Value | Promise<Value>,
  { timeoutMs = 60_000, what = "the condition" }: { timeoutMs?: number; what?: string | (() => string) } = {},
): Promise<Exclude<Value, false | null | undefined>> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<Value, false | null | undefined>;
    }
    if (Date.now() > deadlineMs) {
      throw new Error(`Waited ${timeoutMs} ms in vain for ${typeof what === "string" ? what : what()}.`);
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
