import { describe, expect, test } from "vitest";

import { describeOwn, describeThrown } from "../../../src/engine/failure.ts";
import { NonRetryableError, RetryLaterError } from "../../../src/errors/handlerErrors.ts";
import { RatchetError } from "../../../src/errors/ratchetError.ts";

const unreadable = new Error("never seen");
for (const property of ["name", "message", "stack", "cause", "code"]) {
  Object.defineProperty(unreadable, property, {
    get() {
      throw new Error(`no ${property} for you`);
    },
  });
}

const throwingInspect = {
  [Symbol.for("nodejs.util.inspect.custom")]() {
    throw new Error("no");
  },
};

const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

const hiding = new Proxy(new Error("hidden"), {
  has() {
    throw new Error("no");
  },
});

function withCauses(depth: number): Error {
  return depth === 0 ? new Error("cause 0") : new Error(`cause ${depth}`, { cause: withCauses(depth - 1) });
}

function withoutMessage(error: Error): Error {
  error.message = "";
  return error;
}

describe("describeThrown", () => {
  test("keeps an error's name, message, code and stack; its try counts and can be repeated", () => {
    const error = Object.assign(new TypeError("no luck"), { code: "E_LUCK" });
    expect(describeThrown(error)).toStrictEqual({
      name: "TypeError",
      message: "no luck",
      code: "E_LUCK",
      stack: error.stack,
      counted: true,
      canRetry: true,
      delayMs: null,
    });
  });

  test.each([
    ["a string", "just text", { name: "string", message: "just text" }],
    ["an empty string", "", { name: "string", message: "The handler threw an empty string." }],
    ["undefined", undefined, { name: "undefined", message: "The handler threw undefined" }],
    ["null", null, { name: "object", message: "The handler threw null" }],
    ["a symbol", Symbol("s"), { name: "symbol", message: "The handler threw Symbol(s)" }],
    ["a number", Number.NaN, { name: "number", message: "The handler threw NaN" }],
    ["an object", { status: 429 }, { name: "object", message: "The handler threw { status: 429 }" }],
    [
      "a proxy that does not say what it has",
      hiding,
      { name: "Error", message: "The handler threw something that cannot be read." },
    ],
    ["an object with a code", { code: "E_OWN" }, { name: "object", code: "E_OWN" }],
    [
      "an error without a message",
      withoutMessage(new Error("x")),
      { message: "The handler threw an error without a message." },
    ],
    ["an error whose code is a number", Object.assign(new Error("x"), { code: 7 }), { message: "x", code: null }],
    ["an error whose name is a number", Object.assign(new Error("x"), { name: 7 }), { message: "x", name: "7" }],
    ["an error whose message is an object", Object.assign(new Error("x"), { message: { a: 1 } }), { name: "Error" }],
    ["an error whose stack is a number", Object.assign(new Error("x"), { stack: 1 }), { message: "x", stack: null }],
    ["an error without a stack", Object.assign(new Error("x"), { stack: undefined }), { message: "x", stack: null }],
  ])("describes %s", (_, thrown, described) => {
    expect(describeThrown(thrown)).toMatchObject(described);
  });

  test.each([
    ["an error whose getters throw", unreadable],
    ["an object whose own inspection throws", throwingInspect],
    ["a revoked proxy", revoked],
  ])("describes %s by fixed texts", (_, thrown) => {
    const failure = describeThrown(thrown);
    expect(failure.message).not.toBe("");
    expect(failure).toMatchObject({ code: null, counted: true, canRetry: true });
  });

  test("calls no getter of an object that is no error", () => {
    let calls = 0;
    const thrown = {
      get secret() {
        return ++calls;
      },
    };
    expect(describeThrown(thrown).message).toContain("[Getter]");
    expect(calls).toBe(0);
  });

  test("cuts what nobody reads: message, stack, name and code", () => {
    const error = Object.assign(new Error("m".repeat(1_000_000)), {
      name: "n".repeat(1000),
      stack: "s".repeat(1_000_000),
      code: "c".repeat(1000),
    });
    const failure = describeThrown(error);
    expect([failure.name, failure.message, failure.stack, failure.code].map((text) => text?.length)).toStrictEqual([
      200, 10_000, 20_000, 200,
    ]);
    expect(failure.message.endsWith("…")).toBe(true);
  });

  test("leaves no NUL and no half of a surrogate pair, nor makes one by cutting", () => {
    const failure = describeThrown(new Error("a\0b\uD800c"));
    expect(failure.message).toBe("a\u{FFFD}b\u{FFFD}c");
    expect(failure.stack).not.toMatch(/[\0\uD800]/v);

    const cut = describeThrown(new Error("😀".repeat(10_000))).message;
    expect(cut.isWellFormed()).toBe(true);
    expect(cut.length).toBeLessThanOrEqual(10_000);
  });

  test("adds the messages of causes that say more, and finds the code in them", () => {
    const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    expect(describeThrown(new TypeError("fetch failed", { cause }))).toMatchObject({
      name: "TypeError",
      message: "fetch failed: read ECONNRESET",
      code: "ECONNRESET",
    });
    const repeating = new Error("wrapped: inner", { cause: new Error("inner") });
    expect(describeThrown(repeating).message).toBe("wrapped: inner");
  });

  test("follows five causes and no circle", () => {
    expect(describeThrown(withCauses(20)).message).toBe("cause 20: cause 19: cause 18: cause 17: cause 16: cause 15");
    const circular = new Error("round");
    circular.cause = circular;
    expect(describeThrown(circular).message).toBe("round");
  });

  test("names what an AggregateError gathers, which is all that a refused connection says", () => {
    const errors = [new Error("connect ECONNREFUSED ::1:80"), new Error("connect ECONNREFUSED 127.0.0.1:80")];
    const refused = Object.assign(withoutMessage(new AggregateError(errors, "x")), { code: "ECONNREFUSED" });
    expect(describeThrown(new TypeError("fetch failed", { cause: refused }))).toMatchObject({
      message: "fetch failed: connect ECONNREFUSED ::1:80; connect ECONNREFUSED 127.0.0.1:80",
      code: "ECONNREFUSED",
    });
    expect(describeThrown(new AggregateError(errors, "none of them")).message).toBe("none of them");
    const others = withoutMessage(new AggregateError(["text", undefined], "x"));
    expect(describeThrown(others).message).toBe("'text'; undefined");
    const many = withoutMessage(new AggregateError(Array.from({ length: 100_000 }).fill(errors[0]), "x"));
    expect(describeThrown(many).message.length).toBeLessThan(200);
  });

  test("takes the wait and the count from RetryLaterError, and the end from NonRetryableError", () => {
    expect(describeThrown(new RetryLaterError({ delay: "7 s", countAttempt: false }))).toMatchObject({
      counted: false,
      delayMs: 7000,
      canRetry: true,
    });
    expect(describeThrown(new RetryLaterError({ delay: "-1 s" }))).toMatchObject({ counted: true, delayMs: null });
    expect(describeThrown(new NonRetryableError("never"))).toMatchObject({ canRetry: false, counted: true });
  });
});

test("describeOwn has the catalogue's code and its word on whether a retry can help", () => {
  expect(describeOwn(new RatchetError("RT119", "too slow"))).toMatchObject({
    name: "RatchetError",
    code: "RT119",
    canRetry: true,
  });
  expect(describeOwn(new RatchetError("RT114", "a cycle"))).toMatchObject({ code: "RT114", canRetry: false });
});
