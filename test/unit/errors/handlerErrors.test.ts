import { describe, expect, test, vi } from "vitest";

import {
  isNonRetryableError,
  isRetryLaterError,
  NonRetryableError,
  RetryLaterError,
} from "../../../src/errors/handlerErrors.ts";

describe("NonRetryableError", () => {
  test("has a message, a cause and a name that survives in logs", () => {
    const cause = new Error("404");
    const error = new NonRetryableError("The product is gone.", { cause });
    expect(error).toMatchObject({ name: "NonRetryableError", message: "The product is gone.", cause });
    expect(new NonRetryableError("Gone.")).not.toHaveProperty("cause");
  });
});

describe("RetryLaterError", () => {
  test("counts the try and says how long it waits, unless told otherwise", () => {
    expect(new RetryLaterError({ delay: "2 min" })).toMatchObject({
      name: "RetryLaterError",
      message: "Asked to be tried again in 2 min.",
      delay: "2 min",
      countAttempt: true,
    });
    const cause = new Error("429");
    expect(
      new RetryLaterError({ delay: "1 s", countAttempt: false, message: "Too many requests.", cause }),
    ).toMatchObject({ message: "Too many requests.", countAttempt: false, cause });
  });
});

test("both are recognised when another copy of the package made them, and nothing else is", async () => {
  vi.resetModules();
  const copy = await import("../../../src/errors/handlerErrors.ts");
  expect(copy.NonRetryableError).not.toBe(NonRetryableError);

  expect(isNonRetryableError(new copy.NonRetryableError("x"))).toBe(true);
  expect(isRetryLaterError(new copy.RetryLaterError({ delay: "1 s" }))).toBe(true);
  expect(isNonRetryableError(new RetryLaterError({ delay: "1 s" }))).toBe(false);
  expect(isRetryLaterError(new NonRetryableError("x"))).toBe(false);
  for (const value of [new Error("NonRetryableError"), null, undefined, "text", { name: "RetryLaterError" }]) {
    expect(isNonRetryableError(value)).toBe(false);
    expect(isRetryLaterError(value)).toBe(false);
  }
});
