import type { StandardSchemaV1 } from "@standard-schema/spec";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type } from "arktype";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";

import { jsonSchemaOf } from "../../../src/definition/payloadSchema.ts";

/** What users write for one property; not a single one may be refused at the border that the worker would take. */
const PROPERTIES: Record<string, z.ZodType> = {
  text: z.string().min(2).max(5),
  trimmed: z.string().trim().min(1).max(3),
  lower: z
    .string()
    .toLowerCase()
    .regex(/^[a-z]+$/v),
  // oxlint-disable-next-line require-unicode-regexp -- As users write it.
  anyCase: z.string().regex(/^ab?$/i),
  mail: z.email(),
  date: z.iso.date(),
  number: z.number().min(-3).multipleOf(0.1),
  integer: z.number().int().lt(100),
  rounded: z.number().overwrite(Math.round).int(),
  coercedNumber: z.coerce.number().max(9),
  coercedText: z.coerce.string().min(1),
  coercedBoolean: z.coerce.boolean(),
  coercedDate: z.coerce.date(),
  list: z.array(z.string()).min(1).max(2),
  cut: z
    .array(z.string())
    .overwrite((items) => items.slice(0, 1))
    .max(1),
  preprocessed: z.preprocess((value) => (typeof value === "string" ? value.split(",") : value), z.array(z.string())),
  // oxlint-disable-next-line unicorn/prefer-top-level-await -- A schema's method, no promise's.
  caught: z.number().catch(0),
  withDefault: z.boolean().default(true),
  optional: z.string().optional(),
  nullable: z.coerce.number().nullable(),
  transformed: z.string().transform((text) => text.length),
  union: z.union([z.coerce.number(), z.array(z.number()), z.literal("a")]),
  oneOf: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("a"), n: z.coerce.number() }),
    z.object({ kind: z.literal("b"), n: z.string().optional() }),
  ]),
  record: z.record(z.string(), z.coerce.number()),
  numbered: z.record(z.number(), z.string()),
  tuple: z.tuple([z.string(), z.coerce.number()]),
  strict: z.strictObject({ a: z.string().trim().max(1), b: z.unknown() }),
  both: z.intersection(z.object({ a: z.coerce.number() }), z.object({ b: z.string().optional() })),
  custom: z.custom((value) => value !== null),
  anything: z.unknown(),
};

const ARKTYPES = {
  text: type({ it: "2 <= string <= 5" }),
  // oxlint-disable-next-line require-unicode-regexp -- As users write it.
  anyCase: type({ it: /^ab?$/i }),
  optional: type({ "it?": "string[] | number" }),
  withDefault: type({ it: "number = 3" }),
  parsed: type({ it: "string.numeric.parse" }),
  strict: type({ "+": "reject", it: "string" }),
};

/** Each schema takes one of them at least. */
const ORDINARY: readonly unknown[] = [
  undefined,
  "",
  " ",
  " a ",
  "ab",
  "AB",
  "Ab",
  "a",
  "\u{1F600}",
  "\u{1F600}\u{1F600}\u{1F600}",
  "a,b",
  "7",
  "2026-01-31",
  "a@b.example",
  0,
  1,
  0.3,
  0.1,
  99,
  100,
  -3,
  1.5,
  1e300,
  true,
  false,
  null,
  [],
  ["a"],
  ["a", "b", "c"],
  ["a", "7"],
  [1],
  {},
  { a: " a " },
  { a: "7", b: 1 },
  { "1": "x" },
  { a: "7", b: "x" },
  { kind: "a", n: "7" },
  { kind: "b" },
];

const values: fc.Arbitrary<unknown> = fc.oneof(fc.constantFrom(...ORDINARY), fc.jsonValue({ maxDepth: 2 }));

const schemas: [string, StandardSchemaV1][] = [
  ...Object.entries(PROPERTIES).map(([name, it]): [string, StandardSchemaV1] => [`zod ${name}`, z.object({ it })]),
  ...Object.entries(ARKTYPES).map(([name, schema]): [string, StandardSchemaV1] => [`arktype ${name}`, schema]),
];

test.each(schemas)("%s: what the validator takes, its JSON Schema takes", async (_, schema) => {
  // As the client compiles it.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
  const jsonSchema = jsonSchemaOf(schema);
  const accepts = ajv.compile(jsonSchema ?? {});
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(values, async (it) => {
      const payload = it === undefined ? {} : { it };
      const { issues } = await schema["~standard"].validate(payload);
      taken += issues === undefined ? 1 : 0;
      expect(issues !== undefined || accepts(payload)).toBe(true);
    }),
    { numRuns: 300, examples: ORDINARY.map((it) => [it]) },
  );
  expect(jsonSchema).not.toBeNull();
  expect(taken).toBeGreaterThan(0);
});
