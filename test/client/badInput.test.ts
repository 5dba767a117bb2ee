import { describe, expect, test } from "vitest";

import { runRatchet } from "../support/cli.ts";
import { createClientBench, rejection } from "./clientBench.ts";

const bench = createClientBench();

const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;

const nested = (depth: number): unknown => {
  let value: unknown = {};
  for (let n = 0; n < depth; n++) {
    value = { value };
  }
  return value;
};

function countJobs(): Promise<object[]> {
  return bench.rows("select count(*) from ratchet.jobs");
}

describe("what cannot be a payload is refused, and nothing is added, alone and in the middle of many:", () => {
  test.each<[string, unknown, string, RegExp]>([
    ["an array", [1], "RT002", /must be a JSON object and is array/v],
    ["a text", "x", "RT002", /is string/v],
    ["a number", 1, "RT002", /is number/v],
    ["null", null, "RT002", /is null/v],
    ["a boolean", true, "RT002", /is boolean/v],
    ["nothing", undefined, "RT002", /is undefined/v],
    ["a function", () => 1, "RT002", /is undefined/v],
    ["a Date", new Date(0), "RT002", /is string/v],
    ["a BigInt in it", { a: 1n }, "RT002", /cannot be written as JSON/v],
    ["a cycle", cyclic, "RT002", /circular/v],
    [
      "a toJSON that throws",
      {
        toJSON() {
          throw new Error("no json");
        },
      },
      "RT002",
      /no json/v,
    ],
    ["a zero character", { a: "\0" }, "RT116", /Unicode/v],
    ["a zero character in a key", { "\0": 1 }, "RT116", /Unicode/v],
    ["half of a surrogate pair", { a: "\uD800" }, "RT116", /json/v],
    ["nested 100,000 times", nested(100_000), "RT116", /stack depth/v],
    ["over 32 MiB", { a: "x".repeat(34_000_000) }, "RT006", /33554432 are the most/v],
  ])("%s", async (_, payload, code, message) => {
    const ratchet = bench.client();
    const before = await countJobs();
    const refusal = { code, message: expect.stringMatching(message) };
    expect(await rejection(ratchet.add("single", payload as never))).toMatchObject(refusal);
    const many = ratchet.addMany("single", [{ payload: {} }, { payload }, { payload: {} }] as never);
    expect(await rejection(many)).toMatchObject({ code });
    expect(await countJobs()).toStrictEqual(before);
  });
});

test("nested 10,000 times is a payload", async () => {
  const job = await bench.client().add("single", nested(10_000) as never);
  expect(job.status).toBe("PENDING");
});

test("one that is refused is the only one, of those added at the same moment", async () => {
  const ratchet = bench.client();
  const all = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => ratchet.add("single", { text: n === 7 ? "\uD800" : String(n) })),
  );
  expect(all.map(({ status }, n) => (status === "rejected" ? n : -1)).filter((n) => n >= 0)).toStrictEqual([7]);
});

describe("options that cannot be are refused:", () => {
  test.each<[string, object, string]>([
    ["a zero character in the key", { jobKey: "a\0b" }, "RT116"],
    ["half a surrogate pair in the key", { jobKey: "\uD800" }, "RT116"],
    ["a key of 401 characters", { jobKey: "x".repeat(401) }, "RT006"],
    ["a zero character in the tenant", { tenant: "\0" }, "RT116"],
    ["an empty tenant", { tenant: "" }, "RT006"],
    ["a priority over integer", { priority: 1e10 }, "RT006"],
    ["half a priority", { priority: 1.5 }, "RT006"],
    ["no try at all", { maxAttempts: 0 }, "RT006"],
    ["a time that is none", { runAt: new Date(Number.NaN) }, "RT006"],
    ["the last time that JavaScript has", { runAt: new Date(8.64e15) }, "RT006"],
  ])("%s", async (_, options, code) => {
    expect(await rejection(bench.client().add("single", {}, options))).toMatchObject({ code });
  });

  test("identifiers and reasons that Postgres cannot have", async () => {
    const ratchet = bench.client();
    for (const identifier of ["a\0b", "a\uD800b"]) {
      expect(await rejection(ratchet.add(identifier, {}))).toMatchObject({ code: "RT116" });
    }
    const job = await ratchet.add("single", {});
    expect(await rejection(ratchet.cancel(job, { reason: "a\0b" }))).toMatchObject({ code: "RT116" });
    expect((await ratchet.get(job))?.status).toBe("PENDING");
  });
});

describe("`ratchet add`", () => {
  test.each([
    ["[1]", "RT002"],
    ['"x"', "RT002"],
    ["null", "RT002"],
    [String.raw`{"a": "\u0000"}`, "22P05"],
    [String.raw`{"a": "\ud800"}`, "22P02"],
    ["{a: 1}", "JSON"],
    ["", "JSON"],
  ])("refuses %j", async (payload, reason) => {
    const run = await runRatchet(["add", "single", "--payload", payload], {
      env: { DATABASE_URL: bench.database().url },
    });
    expect(run.exitCode).not.toBe(0);
    expect(run.err).toContain(reason);
  });
});
