import { describe, expect, test } from "vitest";

import { resultText } from "../../../src/engine/resultText.ts";

const LIMIT = 20;

const circular: Record<string, unknown> = {};
circular["self"] = circular;

const nothing: unknown = undefined;
const sparse: unknown[] = [];
sparse[2] = 1;

describe("resultText", () => {
  test.each([
    ["undefined", undefined, null],
    ["a function", () => 1, null],
    ["a symbol", Symbol("s"), null],
    ["null", null, "null"],
    ["NaN", Number.NaN, "null"],
    ["a Date", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["a sparse array", sparse, "[null,null,1]"],
    ["an object with undefined", { a: undefined, b: 1 }, '{"b":1}'],
    ["toJSON that gives nothing", { toJSON: () => {} }, null],
  ])("writes %s as JSON does", (_, value, text) => {
    expect(resultText(value, "make", 100)).toBe(text);
  });

  test.each([
    ["a BigInt", 1n, /BigInt/v],
    ["a cycle", circular, /circular/v],
    [
      "a toJSON that throws an error",
      {
        toJSON() {
          throw new Error("not me");
        },
      },
      /: not me$/v,
    ],
    [
      "a toJSON that throws nothing",
      {
        toJSON: () => {
          throw nothing;
        },
      },
      /: undefined$/v,
    ],
  ])("refuses %s with RT114, the task and the reason", (_, value, reason) => {
    expect(() => resultText(value, "make", 100)).toThrow(
      expect.objectContaining({ code: "RT114", message: expect.stringMatching(reason) }),
    );
    expect(() => resultText(value, "make", 100)).toThrow(/"make"/v);
  });

  test("takes exactly the limit, and refuses one byte more with RT115 and both sizes", () => {
    expect(resultText("x".repeat(LIMIT - 2), "make", LIMIT)).toHaveLength(LIMIT);
    expect(() => resultText("x".repeat(LIMIT - 1), "make", LIMIT)).toThrow(
      expect.objectContaining({
        code: "RT115",
        message: 'The result of "make" has 21 bytes as JSON; 20 are the most.',
      }),
    );
  });

  test("counts bytes, not characters", () => {
    expect(resultText("€".repeat(6), "make", LIMIT)).toHaveLength(8);
    expect(() => resultText("€".repeat(7), "make", LIMIT)).toThrow(expect.objectContaining({ code: "RT115" }));
  });
});
