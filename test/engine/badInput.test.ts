import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

import { defineJob } from "../../src/definition/defineJob.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { expectNoViolations, failuresOf, look, queue, resultsOf, startEngine, type TestEngine } from "./engine.ts";

let database: TestDatabase;
let engine: TestEngine;
let act: (context: { progress: (fraction: number) => void; signal: AbortSignal }) => unknown = () => {};
let seen: unknown;

const definitions = {
  odd: defineJob({ retry: { maxAttempts: 3 } }).task("only", { timeout: "20 s" }, (context) => act(context)),
  short: defineJob().task("only", { timeout: "50 ms" }, (context) => act(context)),
  fine: defineJob().task("only", () => "fine"),
  reads: defineJob().task("only", ({ payload }) => {
    seen = payload;
  }),
  each: defineJob({ payload: z.object({ items: z.array(z.number()) }) }).forEach(
    "each",
    "items",
    { title: "Do {n}/{total}" },
    ({ input }) => input,
  ),
};

beforeAll(async () => {
  database = await createTestDatabase();
  engine = await startEngine({ url: database.url, definitions });
});

afterEach(async () => {
  await expectNoViolations(database.pool);
});

afterAll(async () => {
  await engine.close();
  await database.drop();
});

/** Runs it with nine innocent jobs beside it, which must not notice. */
async function runBesideOthers(identifier: "odd" | "short" | "each" | "reads", payload: unknown = {}): Promise<string> {
  const jobId = await queue(database.pool, identifier, { payload });
  const others = await Promise.all(Array.from({ length: 9 }, () => queue(database.pool, "fine")));
  await Promise.all([jobId, ...others].map((each) => engine.run(each)));
  for (const other of others) {
    expect((await look(database.pool, other)).status).toBe("COMPLETED");
  }
  return jobId;
}

const nested = (depth: number): unknown => {
  let value: unknown = 0;
  for (let n = 0; n < depth; n++) {
    value = [value];
  }
  return value;
};

/** What `await` takes for a promise. */
function thenable(settle: (resolve: (value: string) => void) => void): object {
  const object = {};
  Reflect.set(object, "then", settle);
  return object;
}

function throws(value: unknown): () => never {
  return () => {
    throw value;
  };
}

describe("a result", () => {
  test.each<[string, unknown, unknown]>([
    ["undefined", undefined, null],
    ["a function", () => 1, null],
    ["a symbol", Symbol("x"), null],
    ["null", null, null],
    ["NaN", Number.NaN, null],
    ["minus zero", -0, 0],
    ["infinity", Number.POSITIVE_INFINITY, null],
    ["a Date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a Date that is none", new Date(Number.NaN), null],
    ["a Map", new Map([[1, 2]]), {}],
    ["an error", new Error("as a value"), {}],
    ["nested a thousand times", nested(1000), nested(1000)],
    [
      "names that JavaScript knows",
      JSON.parse('{"__proto__": {"polluted": true}}'),
      JSON.parse('{"__proto__": {"polluted": true}}'),
    ],
    ["200,000 numbers", Array.from({ length: 200_000 }, () => 1), Array.from({ length: 200_000 }, () => 1)],
    [
      "a thenable",
      thenable((resolve) => {
        resolve("then");
      }),
      "then",
    ],
  ])("that is %s is stored as JSON has it", async (_, result, stored) => {
    act = () => result;
    const jobId = await runBesideOthers("odd");
    expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
    expect(await resultsOf(database.pool, jobId)).toStrictEqual([stored]);
  });

  test.each<[string, () => unknown, string]>([
    ["of 100 MB", () => "x".repeat(100_000_000), "RT115"],
    ["longer than any text", () => Array.from({ length: 12 }, () => "x".repeat(50_000_000)), "RT114"],
    ["nested a million times", () => nested(1_000_000), "RT115"],
    ["with a BigInt", () => ({ a: [1n] }), "RT114"],
    ["with a zero character in a key", () => ({ "\0": 1 }), "RT116"],
    [
      "whose toJSON throws nothing",
      () => ({
        toJSON: throws(null),
      }),
      "RT114",
    ],
    [
      "that is a proxy that throws",
      () =>
        new Proxy(
          {},
          {
            get: () => {
              throw new Error("no");
            },
            ownKeys: () => {
              throw new Error("no");
            },
          },
        ),
      "RT1",
    ],
  ])("%s fails its job for good, with a code", async (_, result, code) => {
    act = () => [result()];
    const jobId = await runBesideOthers("odd");
    expect(await look(database.pool, jobId)).toMatchObject({ status: "FAILED", nextAttemptAt: null });
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: expect.stringContaining(code) }]);
  });
});

describe("a handler that throws", () => {
  const endless = (): number => endless() + 1;
  const badThenable = thenable(throws(new Error("then throws")));

  test.each<[string, () => unknown, RegExp]>([
    ["nothing", throws(([] as unknown[])[0]), /threw undefined/v],
    ["null", throws(null), /threw null/v],
    ["a symbol", throws(Symbol("odd")), /Symbol\(odd\)/v],
    ["a BigInt", throws(1n), /1n/v],
    ["an object without a prototype", throws(Object.create(null)), /threw/v],
    ["a frozen error", throws(Object.freeze(new Error("frozen"))), /^frozen$/v],
    ["a proxy that throws", throws(new Proxy(new Error("x"), { get: throws(new Error("no")) })), /./v],
    [
      "an error whose message throws",
      throws(Object.defineProperty(new Error("x"), "message", { get: throws(1) })),
      /./v,
    ],
    ["an error of 100 MB", throws(new Error("x".repeat(100_000_000))), /^x{9999}…$/v],
    ["an error that is its own cause", throws(Object.assign(new Error("round"), { cause: null })), /^round$/v],
    ["a NUL and half a surrogate pair", throws(new Error("a\0b\uD800c")), /^a\uFFFDb\uFFFDc$/v],
    ["when its stack is full", endless, /call stack/v],
    ["from a thenable", () => badThenable, /^then throws$/v],
    ["a function", throws(() => 1), /threw/v],
  ])("%s fails its try, and may be tried again", async (_, action, message) => {
    act = action;
    const jobId = await runBesideOthers("odd");
    expect(await look(database.pool, jobId)).toMatchObject({ status: "FAILED", nextAttemptAt: expect.any(Date) });
    const [failure, ...others] = await failuresOf(database.pool, jobId);
    expect(failure).toMatchObject({ counted: true, attempt: 1 });
    expect(failure?.message).toMatch(message);
    expect(others).toStrictEqual([]);
  });
});

test.each<[string, () => unknown]>([
  ["promise", () => new Promise(() => {})],
  ["thenable", () => thenable(() => {})],
])("a %s that never settles is ended by the time-out", async (_, action) => {
  act = action;
  const jobId = await runBesideOthers("short");
  expect(await failuresOf(database.pool, jobId)).toMatchObject([{ code: "RT119", counted: true }]);
});

test("progress of whatever kind does no harm", async () => {
  act = ({ progress }) => {
    for (const fraction of [
      Number.NaN,
      -1,
      2,
      Number.POSITIVE_INFINITY,
      1e308,
      -0,
      "0.5" as never,
      undefined as never,
      {} as never,
    ]) {
      progress(fraction);
    }
  };
  const jobId = await runBesideOthers("odd");
  expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
});

test("a payload comes as it was queued, and changes no prototype", async () => {
  const payload = JSON.parse(
    '{"__proto__": {"polluted": true}, "constructor": 1, "deep": [[[[]]]], "text": "\u{1F600}\u202E"}',
  ) as unknown;
  await runBesideOthers("reads", payload);
  expect(seen).toStrictEqual(payload);
  expect(Object.hasOwn(seen as object, "__proto__")).toBe(true);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("a job of 10,000 tasks runs to its end", async () => {
  const items = Array.from({ length: 10_000 }, (_, n) => n);
  const jobId = await queue(database.pool, "each", { payload: { items } });
  await database.pool.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position <= 9800", [
    jobId,
  ]);
  await engine.run(jobId);
  expect((await look(database.pool, jobId)).status).toBe("COMPLETED");
  expect((await resultsOf(database.pool, jobId)).slice(9800)).toStrictEqual(items.slice(9800));
});
