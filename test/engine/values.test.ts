import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

import { defineJob } from "../../src/definition/defineJob.ts";
import { jsonpath } from "../../src/definition/jsonpath.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import {
  advanceClock,
  expectNoViolations,
  failuresOf,
  look,
  queue,
  resultsOf,
  startEngine,
  statusesOf,
  type TestEngine,
} from "./engine.ts";

/** What the handlers below have seen, by the name of the definition. */
const seen = new Map<string, unknown[]>();
let mustFail = false;
let nextResult: unknown;
let nextThrown: unknown;

function note(name: string, value: unknown): void {
  seen.set(name, [...(seen.get(name) ?? []), value]);
}

const Listing = z.object({ title: z.string(), images: z.array(z.string().transform((name) => name.toUpperCase())) });
const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;

const definitions = {
  listing: defineJob({ payload: Listing })
    .forEach("upload", "images", ({ input, task }) => {
      note("listing", { input, key: task.key });
      return { input };
    })
    .task("create", async ({ payload, results }) => {
      note("listing", { payload, results: await results.upload });
    }),
  shrinking: defineJob({
    payload: z.object({ images: z.array(z.string()) }).transform(({ images }) => ({ images: images.slice(1) })),
  }).forEach("upload", "images", () => true),
  paths: defineJob().forEach(
    "line",
    jsonpath({ path: "$.orders[*].lines[*]", element: z.object({ sku: z.string(), count: z.coerce.number() }) }),
    ({ input }) => input.count * 2,
  ),
  trip: defineJob()
    .task("make", () => ({ at: new Date(0), nothing: undefined, list: [undefined, Number.NaN], nested: { deep: [1] } }))
    .task("void", () => {})
    .task("read", async ({ results }) => {
      note("trip", { make: await results.make, void: await results.void });
      if (mustFail) {
        throw new Error("read again");
      }
    }),
  returns: defineJob({ retry: { maxAttempts: 3 } }).task("make", (): unknown => nextResult),
  throws: defineJob().task("fail", () => {
    throw nextThrown;
  }),
  keys: defineJob()
    .task("one", ({ idempotencyKey }) => {
      note("keys", idempotencyKey);
      if (mustFail) {
        throw new Error("again");
      }
    })
    .task("two", ({ idempotencyKey }) => {
      note("keys", idempotencyKey);
    }),
  big: defineJob()
    .task("first", () => "x".repeat(700_000))
    .task("second", () => "y".repeat(700_000))
    .task("read", async ({ results }) => [(await results.first).length, (await results.second).length]),
};

let database: TestDatabase;
let engine: TestEngine;

beforeAll(async () => {
  database = await createTestDatabase();
  engine = await startEngine({ url: database.url, definitions });
});

afterAll(async () => {
  await expectNoViolations(database.pool);
  await engine.close();
  await database.drop();
});

async function runOnce(identifier: string, payload: unknown = {}): Promise<string> {
  const jobId = await queue(database.pool, identifier, { payload });
  await engine.run(jobId);
  return jobId;
}

describe("payload and input", () => {
  test("handlers get what the schema made of them", async () => {
    const jobId = await runOnce("listing", { title: "Jacket", images: ["a", "b"] });
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "COMPLETED", "COMPLETED"]);
    expect(seen.get("listing")).toStrictEqual([
      { input: "A", key: "upload[1]" },
      { input: "B", key: "upload[2]" },
      { payload: { title: "Jacket", images: ["A", "B"] }, results: [{ input: "A" }, { input: "B" }] },
    ]);
  });

  test("a payload that the schema rejects fails the first task for good, and its values are not quoted", async () => {
    const jobId = await runOnce("listing", { title: 7, images: ["a"] });
    expect(await look(database.pool, jobId)).toMatchObject({ status: "FAILED", nextAttemptAt: null });
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ position: 1, code: "RT118" }]);
  });

  test("a schema that leaves fewer elements than were planned fails the task they are missing for", async () => {
    const jobId = await runOnce("shrinking", { images: ["a", "b"] });
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "FAILED"]);
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ position: 2, code: "RT122" }]);
    expect((await look(database.pool, jobId)).nextAttemptAt).toBeNull();
  });

  test("elements from a jsonpath are checked one by one", async () => {
    const orders = [{ lines: [{ sku: "a", count: "2" }] }, { lines: [{ sku: "b", count: 3 }, { sku: 1 }] }];
    const jobId = await runOnce("paths", { orders });
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED", "COMPLETED", "FAILED"]);
    expect((await resultsOf(database.pool, jobId)).slice(0, 2)).toStrictEqual([4, 6]);
    expect(await failuresOf(database.pool, jobId)).toMatchObject([{ position: 3, code: "RT118" }]);
  });
});

describe("results", () => {
  test("are the same in the first try and after a resume: as JSON gave them back", async () => {
    mustFail = true;
    const jobId = await runOnce("trip");
    mustFail = false;
    await advanceClock(database.pool, "31 s");
    await engine.run(jobId);
    const [first, second] = seen.get("trip") ?? [];
    expect(first).toStrictEqual({
      make: { at: "1970-01-01T00:00:00.000Z", list: [null, null], nested: { deep: [1] } },
      void: null,
    });
    expect(second).toStrictEqual(first);
  });

  test("over the limit of what an attempt remembers are read from the database", async () => {
    const jobId = await runOnce("big");
    expect((await resultsOf(database.pool, jobId))[2]).toStrictEqual([700_000, 700_000]);
  });

  test.each([
    ["a BigInt", 1n, "RT114"],
    ["a cycle", cyclic, "RT114"],
    [
      "a toJSON that throws",
      {
        toJSON() {
          throw new Error("no");
        },
      },
      "RT114",
    ],
    ["a byte more than 1 MiB", "x".repeat(1_048_575), "RT115"],
    ["a NUL", "a\0b", "RT116"],
    ["half of a surrogate pair", "\uD800", "RT116"],
  ])("%s fails the task for good, with a code", async (_, result, code) => {
    nextResult = result;
    const jobId = await runOnce("returns");
    expect(await look(database.pool, jobId)).toMatchObject({ status: "FAILED", nextAttemptAt: null });
    const failures = await failuresOf(database.pool, jobId);
    expect(failures).toMatchObject([{ code, attempt: 1, counted: true }]);
    expect(engine.events.told("task.failed").at(-1)).toMatchObject({ jobId, errorCode: code, retryInMs: null });
  });

  test("of exactly 1 MiB are stored", async () => {
    nextResult = "x".repeat(1_048_574);
    const jobId = await runOnce("returns");
    expect(await statusesOf(database.pool, jobId)).toStrictEqual(["COMPLETED"]);
  });

  test("that Postgres refuses fail their own task and no other of their batch", async () => {
    const jobIds = await Promise.all(Array.from({ length: 20 }, () => queue(database.pool, "returns")));
    let index = 0;
    nextResult = { toJSON: () => (index++ === 7 ? "\0" : index) };
    await Promise.all(jobIds.map((jobId) => engine.run(jobId)));
    const statuses = await Promise.all(jobIds.map(async (jobId) => (await look(database.pool, jobId)).status));
    expect(statuses.toSorted()).toStrictEqual([...Array.from({ length: 19 }, () => "COMPLETED"), "FAILED"]);
  });
});

test("a trigger of the user's own that refuses a result fails that task, and holds up no other", async () => {
  await database.pool.query(`
    create function public.forbid() returns trigger language plpgsql as $$ begin raise exception 'not here'; end $$;
    create trigger forbid before update on ratchet.tasks for each row
      when (new.result = '"forbidden"') execute function public.forbid();`);
  nextResult = "forbidden";
  const refused = await runOnce("returns");
  nextResult = "fine";
  const fine = await runOnce("returns");
  expect(await statusesOf(database.pool, fine)).toStrictEqual(["COMPLETED"]);
  expect(await failuresOf(database.pool, refused)).toMatchObject([
    { code: "RT116", message: expect.stringContaining("not here") },
  ]);
});

describe("what a handler throws", () => {
  test.each([
    ["a string", "just text", "just text"],
    ["undefined", undefined, "The handler threw undefined"],
    ["text that Postgres cannot store", new Error("a\0b\uD800c"), "a\u{FFFD}b\u{FFFD}c"],
  ])("%s is stored", async (_, thrown, message) => {
    nextThrown = thrown;
    const jobId = await runOnce("throws");
    expect((await look(database.pool, jobId)).tasks[0]?.errorMessage).toBe(message);
  });
});

test("the idempotency key is the same in every try of a task, and different between tasks and jobs", async () => {
  mustFail = true;
  const jobId = await runOnce("keys");
  mustFail = false;
  await advanceClock(database.pool, "31 s");
  await engine.run(jobId);
  await runOnce("keys");
  const [firstTry, secondTry, ...others] = (seen.get("keys") ?? []) as string[];
  expect(secondTry).toBe(firstTry);
  expect(new Set([firstTry, ...others]).size).toBe(4);
});
