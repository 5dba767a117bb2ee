import { describe, expect, test } from "vitest";

import { createRetryPolicy, type RetryOptions } from "../../../src/definition/retryPolicy.ts";

describe("createRetryPolicy", () => {
  test("by default a task has five tries, 30 s apart", () => {
    const expected = { maxAttempts: 5, delayMs: 30_000, backoff: 1, maxDelayMs: null, jitter: 0 };
    expect(createRetryPolicy()).toStrictEqual(expected);
    expect(createRetryPolicy({ maxAttempts: undefined, delay: undefined })).toStrictEqual(expected);
  });

  test("durations become milliseconds, the rest is kept", () => {
    expect(
      createRetryPolicy({ maxAttempts: 3, delay: "1 min", backoff: 2.5, maxDelay: "1 h", jitter: 0.2 }),
    ).toStrictEqual({ maxAttempts: 3, delayMs: 60_000, backoff: 2.5, maxDelayMs: 3_600_000, jitter: 0.2 });
  });

  test("a policy cannot be changed afterwards", () => {
    expect(Object.isFrozen(createRetryPolicy())).toBe(true);
  });

  test.each<[RetryOptions, string]>([
    [{ maxAttempts: 0 }, "retry.maxAttempts is 0, but must be a whole number from 1 to 2147483647."],
    [{ maxAttempts: 1.5 }, "retry.maxAttempts is 1.5"],
    [{ maxAttempts: 3_000_000_000 }, "retry.maxAttempts is 3000000000"],
    [{ maxAttempts: "5" as unknown as number }, 'retry.maxAttempts is "5"'],
    [{ backoff: 0.5 }, "retry.backoff is 0.5, but must be a number of at least 1."],
    [{ backoff: Number.POSITIVE_INFINITY }, "retry.backoff is Infinity"],
    [{ jitter: -0.1 }, "retry.jitter is -0.1, but must be a number from 0 to 1."],
    [{ jitter: 1.1 }, "retry.jitter is 1.1"],
    [{ jitter: Number.NaN }, "retry.jitter is NaN"],
    [{ jitter: "0.5" as unknown as number }, 'retry.jitter is "0.5"'],
    [{ delay: "1 min", maxDelay: "30 s" }, 'retry.maxDelay is "30 s", but must be at least the delay, "1 min".'],
  ])("%j is refused", (options, message) => {
    expect(() => createRetryPolicy(options)).toThrow(
      expect.objectContaining({ code: "RT112", message: expect.stringContaining(message) }),
    );
  });
});
