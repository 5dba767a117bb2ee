import { describe, expect, test } from "vitest";
import { z } from "zod";

import { createPayloadCheck } from "../../src/client/payloadCheck.ts";
import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { defineJob, jobReference } from "../../src/index.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import { createClientBench, publish, rejection } from "./clientBench.ts";

const bench = createClientBench();

/** Stores a definition's schema as it is given. */
async function storeSchema(identifier: string, schema: object | string | null): Promise<void> {
  const definition = defineJob({ identifier }).task("one", () => 1);
  await registerDefinitions(bench.database().pool, [definitionRow(identifier, definition)], true);
  await bench.rows("update ratchet.definitions set payload_schema = $2 where identifier = $1", [
    identifier,
    schema === null ? null : JSON.stringify(schema),
  ]);
}

describe("a payload is refused with each place", () => {
  test("by the stored schema, if only the name is known", async () => {
    const failure = await rejection(bench.client().add("publish", { images: ["a", 1], price: "1" }));
    expect(failure).toMatchObject({
      code: "RT118",
      retryable: false,
      message:
        "The payload was rejected by its schema. title: is missing; price: must be number; images[1]: must be string",
      issues: [
        { path: "title", message: "is missing" },
        { path: "price", message: "must be number" },
        { path: "images[1]", message: "must be string" },
      ],
    });
  });

  test("by the definition's own validator, if it is at hand", async () => {
    const strict = z.object({
      title: z.string().refine((title) => title !== "taboo", "is taboo"),
      images: z.array(z.string()),
    });
    const definition = defineJob({ payload: strict }).task("one", () => 1);
    const failure = await rejection(
      bench.client().add(jobReference("publish", definition), { title: "taboo", images: [] }),
    );
    expect(failure).toMatchObject({ code: "RT118", issues: [{ path: "title", message: "is taboo" }] });
  });

  test("as JSON makes it: a Date is a text", async () => {
    const definition = defineJob({ payload: z.object({ title: z.date() }) }).task("one", () => 1);
    const failure = await rejection(bench.client().add(jobReference("publish", definition), { title: new Date() }));
    expect(failure).toMatchObject({ code: "RT118", issues: [{ path: "title" }] });
  });

  test("unless the caller does not want it", async () => {
    const payload = { title: 1, images: [] };
    expect(await bench.client().add("publish", payload, { checkPayload: false })).toMatchObject({ status: "PENDING" });
  });
});

describe("words and places", () => {
  const schema = {
    type: "object",
    properties: {
      size: { anyOf: [{ type: "string" }, { type: "null" }] },
      kind: {
        oneOf: [
          { type: "object", properties: { is: { const: "a" }, text: { type: "string" } }, required: ["is", "text"] },
          { type: "object", properties: { is: { const: "b" }, count: { type: "number" } }, required: ["is", "count"] },
        ],
      },
      currency: { enum: ["EUR", "USD"] },
      "a/b~c": { type: "number" },
      rows: { type: "array", items: { type: "array", items: { type: "integer", minimum: 0 } } },
      code: { type: "string", pattern: "^[0-9]+$", maxLength: 3 },
      mail: { type: "string", format: "email", pattern: "^.+@.+$" },
    },
    additionalProperties: false,
  };

  test.each<[object, string, string]>([
    [{ size: 1 }, "size", "must be string or null"],
    [{ kind: { is: "b", count: "1" } }, "kind.count", "must be number"],
    [{ kind: { is: "a" } }, "kind.text", "is missing"],
    [{ kind: { is: "c" } }, "kind", "fits none of the forms that it may have"],
    [{ kind: 1 }, "kind", "must be object"],
    [{ currency: "GBP" }, "currency", 'must be one of ["EUR","USD"]'],
    [{ "a/b~c": "1" }, "a/b~c", "must be number"],
    [{ rows: [[1], [2, -1]] }, "rows[1][1]", "must be >= 0"],
    [{ unknown: 1 }, "unknown", "is not known"],
    [{ code: "abc" }, "code", 'must match pattern "^[0-9]+$"'],
    [{ mail: "ada" }, "mail", "must be a valid email"],
    [{ code: "1234" }, "code", "must NOT have more than 3 characters"],
  ])("%j", async (payload, path, message) => {
    await storeSchema("words", schema);
    const failure = await rejection(bench.client().add("words", payload));
    expect(failure).toMatchObject({ code: "RT118", issues: [{ path, message }] });
  });

  test("a payload's values are not quoted", async () => {
    await storeSchema("words", schema);
    const failure = await rejection(
      bench.client().add("words", { code: "secret", currency: "secret", size: ["secret"] }),
    );
    expect(JSON.stringify([failure, String(failure)])).not.toContain("secret");
  });
});

describe("what the check cannot use, it lets pass", () => {
  test.each<[string, object | string | null]>([
    ["no schema", null],
    ["formats", { type: "object", properties: { n: { format: "uri" } } }],
    ["a pattern that is none", { type: "object", properties: { n: { type: "string", pattern: "(" } } }],
    ["a reference that leads nowhere", { $ref: "https://example.com/schema" }],
    ["something that is no schema", "nonsense"],
    ["unknown words", { type: "object", myOwnWord: 1, properties: { n: { format: "my own" } } }],
  ])("%s", async (_, schema) => {
    await storeSchema("odd", schema);
    expect(await bench.client().add("odd", { n: "no uri" })).toMatchObject({ status: "PENDING" });
  });
});

test("a format that is not known leaves the other rules in force", async () => {
  await storeSchema("formats", { type: "object", properties: { n: { type: "number", format: "my own" } } });
  expect(await rejection(bench.client().add("formats", { n: "1" }))).toMatchObject({
    issues: [{ path: "n", message: "must be number" }],
  });
});

test("a remembered schema is never the reason for a rejection", async () => {
  await storeSchema("changing", { type: "object", properties: { n: { type: "string" } } });
  const ratchet = bench.client();
  expect(await rejection(ratchet.add("changing", { n: 1 }))).toMatchObject({ code: "RT118" });
  await storeSchema("changing", { type: "object", properties: { n: { type: "number" } } });
  expect(await ratchet.add("changing", { n: 1 })).toMatchObject({ status: "PENDING" });
});

test("a schema is read once for many, and again when it is old", async () => {
  let reads = 0;
  const db = {
    query: ((text: string, values: unknown[]) => {
      reads += text.includes("payload_schema") ? 1 : 0;
      return bench.database().pool.query(text, values);
    }) as never,
  };
  const payload = { title: "A", images: [] };
  const check = createPayloadCheck({ maxAgeMs: 1e9 });
  await Promise.all(Array.from({ length: 20 }, () => check.check(db, "publish", payload)));
  await check.check(db, "publish", payload);
  expect(reads).toBe(1);
  const forgetful = createPayloadCheck({ maxAgeMs: 0 });
  await forgetful.check(db, "publish", payload);
  await forgetful.check(db, "publish", payload);
  expect(reads).toBe(3);
});

test("what is checked here is what is registered", async () => {
  const [row] = await bench.rows<{ payload_schema: object }>(
    "select payload_schema from ratchet.definitions where identifier = 'publish'",
  );
  expect(row?.payload_schema).toMatchObject({ type: "object", required: ["title", "images"] });
  expect(publish.options.payload).toBeDefined();
});
