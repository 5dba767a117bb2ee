import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { LetGo } from "../../../src/engine/attempt.ts";
import { type HandlerCall, runHandler } from "../../../src/engine/handlerRun.ts";
import { TimeoutError } from "../../../src/errors/ratchetError.ts";

const lost = new LetGo("lost", "a newer claim");
const shutdown = new LetGo("shutdown", "the worker is stopping");

let order: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  order = new AbortController();
});

afterEach(() => {
  vi.useRealTimers();
});

function run(call: HandlerCall, timeoutMs: number | null = null): Promise<unknown> {
  const limit =
    timeoutMs === null ? null : { ms: timeoutMs, error: () => new TimeoutError("RT119", "It took too long.") };
  const running = runHandler(call, { limit, signal: order.signal });
  running.catch(() => {});
  return running;
}

function never(): Promise<never> {
  return new Promise(() => {});
}

/** Rejects as soon as it is told to stop, as fetch does. */
function obedient(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(new Error("AbortError"));
    });
  });
}

describe("a handler", () => {
  test("gives its value, awaited, and leaves no timer behind", async () => {
    expect(await run(() => Promise.resolve(7), 1000)).toBe(7);
    expect(await run(() => 8)).toBe(8);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    [
      "at once",
      () => {
        throw new Error("no luck");
      },
    ],
    ["later", () => Promise.reject(new Error("no luck"))],
  ])("that throws %s fails with just that", async (_, call) => {
    await expect(run(call, 1000)).rejects.toThrow("no luck");
  });

  test("is not begun after the order to stop", async () => {
    order.abort(lost);
    const call = vi.fn<HandlerCall>();
    await expect(run(call)).rejects.toBe(lost);
    expect(call).not.toHaveBeenCalled();
  });
});

describe("a time-out", () => {
  test.each([
    ["is heard by the handler", obedient],
    ["ends the wait for a handler that ignores its signal", never],
  ])("%s and is the limit's error", async (_, call) => {
    let signal: AbortSignal | undefined;
    const running = run((getSignal) => {
      signal = getSignal();
      return call(signal);
    }, 500);
    await vi.advanceTimersByTimeAsync(499);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signal?.reason).toMatchObject({ code: "RT119", name: "TimeoutError" });
    await expect(running).rejects.toBe(signal?.reason);
  });

  test("that struck is not taken back by an order that comes after it", async () => {
    const running = run(never, 500);
    await vi.advanceTimersByTimeAsync(500);
    order.abort(shutdown);
    await expect(running).rejects.toBeInstanceOf(TimeoutError);
  });
});

describe("the order to let go", () => {
  test("reaches the handler's signal with its reason, and whatever the handler throws then is that reason", async () => {
    let reason: unknown;
    const running = run((getSignal) => {
      const signal = getSignal();
      signal.addEventListener("abort", () => {
        ({ reason } = signal);
      });
      return obedient(signal);
    });
    order.abort(lost);
    await expect(running).rejects.toBe(lost);
    expect(reason).toBe(lost);
  });

  test("waits for no handler that ignores it when the claim is lost", async () => {
    const running = run(never);
    order.abort(lost);
    await vi.advanceTimersByTimeAsync(0);
    await expect(running).rejects.toBe(lost);
  });

  test("leaves a handler one second at a shutdown: a value that comes in time counts", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const running = run(() => promise);
    order.abort(shutdown);
    await vi.advanceTimersByTimeAsync(999);
    resolve("just in time");
    expect(await running).toBe("just in time");
  });

  test("ends the wait after that second", async () => {
    const running = run(never);
    order.abort(shutdown);
    await vi.advanceTimersByTimeAsync(1000);
    await expect(running).rejects.toBe(shutdown);
  });
});
