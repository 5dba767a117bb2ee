import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type } from "arktype";
import { object, string } from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";

import { jsonSchemaOf } from "../../../src/definition/payloadSchema.ts";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/** A validator that gives this schema. */
function withSchema(input: () => Record<string, unknown>): StandardSchemaV1 {
  const standard = {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input, output: input },
  };
  return { "~standard": standard };
}

/** The schema of one property. */
function propertyOf(schema: z.ZodType): unknown {
  const given = jsonSchemaOf(z.object({ it: schema })) as { properties: { it: unknown }; required: string[] };
  return given.properties.it;
}

function requiredOf(shape: Record<string, z.ZodType>): unknown {
  return (jsonSchemaOf(z.object(shape)) as { required: unknown }).required;
}

describe("zod", () => {
  test("gives what may be queued, not what the handler gets", () => {
    const schema = z.object({
      title: z.string().min(2),
      images: z.array(z.url()),
      note: z.string().optional(),
      count: z.number().int().default(1),
      length: z.string().transform((text) => text.length),
    });
    expect(jsonSchemaOf(schema)).toStrictEqual({
      $schema: DRAFT,
      type: "object",
      properties: {
        title: { type: "string", minLength: 2 },
        images: { type: "array", items: { type: "string", format: "uri" } },
        note: { type: "string" },
        count: {
          type: "integer",
          default: 1,
          minimum: Number.MIN_SAFE_INTEGER,
          maximum: Number.MAX_SAFE_INTEGER,
        },
        length: { type: "string" },
      },
      required: ["title", "images", "length"],
    });
  });

  test.each<[string, z.ZodType]>([
    ["a date", z.date()],
    ["a bigint", z.bigint()],
    ["a class", z.instanceof(URL)],
    ["a coerced number", z.coerce.number().int().min(3)],
    ["a coerced number that may be null", z.coerce.number().readonly()],
    ["a coerced text that goes on", z.coerce.string().pipe(z.string().min(3))],
    ["a preprocess", z.preprocess((value) => [value], z.array(z.string()))],
    ["a preprocess that goes on", z.preprocess((value) => value, z.string()).pipe(z.string())],
  ])("leaves %s open, and not required", (_, schema) => {
    expect(jsonSchemaOf(z.object({ it: schema, name: z.string() }))).toMatchObject({
      properties: { name: { type: "string" } },
      required: ["name"],
    });
    expect(Object.keys(propertyOf(schema) as object)).not.toContain("type");
  });

  test("leaves what is caught open, with its default", () => {
    expect(propertyOf(z.number().catch(3))).toStrictEqual({ default: 3 });
    expect(requiredOf({ it: z.number().catch(3), other: z.union([z.string(), z.unknown()]) })).toStrictEqual([]);
  });

  test.each<[string, z.ZodType, object]>([
    ["trimmed", z.string().trim().min(1).max(5), { type: "string" }],
    ["rewritten", z.string().toLowerCase().regex(/^abc$/v), { type: "string" }],
    ["rounded", z.number().overwrite(Math.round).int(), { type: "number" }],
    [
      "cut",
      z
        .array(z.string().max(9))
        .overwrite((items) => items.slice(0, 3))
        .max(3),
      { type: "array", items: { type: "string", maxLength: 9 } },
    ],
  ])("does not demand before it what is true after a value was %s", (_, schema, expected) => {
    expect(propertyOf(schema)).toStrictEqual(expected);
  });

  test("has a pattern only if it means the same in JSON Schema", () => {
    // oxlint-disable require-unicode-regexp -- As users write them.
    expect(propertyOf(z.string().regex(/^[a-z]+$/))).toStrictEqual({ type: "string", pattern: "^[a-z]+$" });
    expect(propertyOf(z.string().regex(/^\p{L}+$/u))).toStrictEqual({ type: "string", pattern: String.raw`^\p{L}+$` });
    expect(propertyOf(z.string().regex(/^[a-z]+$/i))).toStrictEqual({ type: "string" });
    expect(propertyOf(z.string().regex(/a/i).regex(/b/))).toStrictEqual({ type: "string" });
    expect(propertyOf(z.string().regex(/[\w-.]/))).toStrictEqual({ type: "string" });
    // oxlint-enable require-unicode-regexp
  });

  test("has no divisor that floating-point numbers cannot be divided by", () => {
    expect(propertyOf(z.number().multipleOf(0.1))).toStrictEqual({ type: "number" });
    expect(propertyOf(z.number().multipleOf(5))).toStrictEqual({ type: "number", multipleOf: 5 });
  });

  test("has no alternative of which exactly one may hold", () => {
    const union = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a") }),
      z.object({ kind: z.literal("b"), n: z.number() }),
    ]);
    expect(propertyOf(union)).toMatchObject({ anyOf: [{ required: ["kind"] }, { required: ["kind", "n"] }] });
    expect(propertyOf(union)).not.toHaveProperty("oneOf");
  });

  test("may be recursive", () => {
    const Node = z.object({
      name: z.string(),
      get children() {
        return z.array(Node);
      },
    });
    expect(jsonSchemaOf(Node)).toMatchObject({ properties: { children: { type: "array", items: { $ref: "#" } } } });
  });

  test("of which a version ignores our options gives none", () => {
    const schema = z.object({ it: z.coerce.number() });
    const older = {
      "~standard": { ...schema["~standard"], jsonSchema: { input: () => ({ type: "object" }), output: () => ({}) } },
    };
    expect(jsonSchemaOf(older)).toBeNull();
  });
});

test("arktype gives one, without patterns, whose flags it does not tell, with lengths halved for emojis, and with dates left open", () => {
  const schema = type({ title: "string > 1", "note?": "string", at: "Date", mail: "string.email", kind: "'a'|'b'" });
  expect(jsonSchemaOf(schema)).toStrictEqual({
    $schema: DRAFT,
    type: "object",
    properties: {
      title: { type: "string", minLength: 1 },
      note: { type: "string" },
      at: {},
      mail: { type: "string", format: "email" },
      kind: { enum: ["a", "b"] },
    },
    required: ["kind", "mail", "title"],
  });
});

describe("null", () => {
  test("where the validator gives none: valibot, and no validator", () => {
    expect(jsonSchemaOf(object({ title: string() }))).toBeNull();
    expect(jsonSchemaOf()).toBeNull();
  });

  test("where it throws", () => {
    expect(
      jsonSchemaOf(
        withSchema(() => {
          throw new Error("cannot be represented");
        }),
      ),
    ).toBeNull();
  });

  test("where JSON or Postgres cannot hold it", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    expect(jsonSchemaOf(withSchema(() => circular))).toBeNull();
    expect(jsonSchemaOf(z.object({ it: z.literal("\0") }))).toBeNull();
    expect(jsonSchemaOf(z.object({ "\uD800": z.string() }))).toBeNull();
  });

  test("where it is over 256 Ki characters", () => {
    expect(jsonSchemaOf(withSchema(() => ({ description: "x".repeat(262_000) })))).not.toBeNull();
    expect(jsonSchemaOf(withSchema(() => ({ description: "x".repeat(262_144) })))).toBeNull();
  });
});

test("a negation is left out: what is wider inside it would refuse more", () => {
  const schema = withSchema(() => ({ not: { type: "string" }, properties: { never: { not: {} } } }));
  expect(jsonSchemaOf(schema)).toStrictEqual({ properties: { never: { not: {} } } });
});
