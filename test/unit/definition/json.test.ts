import { expect, test } from "vitest";

import type { AsJson } from "../../../src/definition/json.ts";

/** `expected` compiles only if the type says what JSON does, and the test passes only if JSON does it. */
function expectAsJson<const T>(value: T, expected: AsJson<T>): void {
  // A result of undefined is stored as null.
  expect(JSON.parse(JSON.stringify(value) ?? "null")).toStrictEqual(expected);
}

test("the type AsJson says what JSON.stringify and JSON.parse do", () => {
  const at = new Date("2026-11-23T07:00:00Z");
  expectAsJson(at, "2026-11-23T07:00:00.000Z");
  expectAsJson(undefined, null);
  expectAsJson([1, undefined, at], [1, null, "2026-11-23T07:00:00.000Z"]);
  expectAsJson({ a: { b: [at] }, dropped: undefined, method: () => 1, [Symbol("s")]: 1 }, { a: { b: [at.toJSON()] } });
  expectAsJson(new Map([["a", 1]]), {});
  expectAsJson(new Set(["a"]), {});
  expectAsJson(new Error("lost"), {});
  expectAsJson(/a/v, {});
  expectAsJson(Uint8Array.of(7, 8), { 0: 7, 1: 8 });
  expectAsJson(Buffer.from("a"), { type: "Buffer", data: [97] });
  expectAsJson(new URL("http://localhost/a"), "http://localhost/a");
  expectAsJson({ toJSON: () => ({ at }) }, { at: at.toJSON() });
});
