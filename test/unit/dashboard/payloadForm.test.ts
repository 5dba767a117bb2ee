import { expect, test } from "vitest";

import { type FormField, fieldsOf, typedOf, withField } from "../../../src/dashboard/view/payloadForm.ts";

const SCHEMA = {
  type: "object",
  required: ["title", "images"],
  properties: {
    title: { type: "string", title: "Title", description: "as customers read it" },
    price: { type: "number" },
    count: { type: "integer" },
    isNew: { type: "boolean" },
    currency: { enum: ["EUR", "USD"] },
    images: { type: "array", items: { type: "string" } },
  },
};

function field(name: string): FormField {
  const found = fieldsOf(SCHEMA)?.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(name);
  }
  return found;
}

test("fields of every kind", () => {
  expect(fieldsOf(SCHEMA)?.map(({ name, kind, isRequired }) => [name, kind, isRequired])).toStrictEqual([
    ["title", "text", true],
    ["price", "number", false],
    ["count", "integer", false],
    ["isNew", "boolean", false],
    ["currency", "choice", false],
    ["images", "list", true],
  ]);
  expect(field("title")).toMatchObject({ label: "Title", hint: "as customers read it" });
  expect(field("currency").choices).toStrictEqual(["EUR", "USD"]);
});

test.each([
  null,
  {},
  { type: "array" },
  { type: "object", properties: { deep: { type: "object" } } },
  { type: "object", properties: { lists: { type: "array", items: { type: "object" } } } },
  { type: "object", properties: { numbers: { enum: [1, 2] } } },
])("no form for %j", (schema) => {
  expect(fieldsOf(schema)).toBeNull();
});

test("what is typed becomes a value of the field's type; an empty text takes the field out", () => {
  expect(withField({}, field("price"), "12.5")).toStrictEqual({ price: 12.5 });
  expect(withField({}, field("price"), "cheap")).toStrictEqual({ price: "cheap" });
  expect(withField({}, field("isNew"), true)).toStrictEqual({ isNew: true });
  expect(withField({}, field("images"), "a.jpg\n\nb.jpg\n")).toStrictEqual({ images: ["a.jpg", "b.jpg"] });
  expect(withField({ title: "x", price: 1 }, field("title"), "")).toStrictEqual({ price: 1 });
});

test("values stand in their fields as they are typed", () => {
  expect([undefined, null, 0, "a", ["a", "b"]].map(typedOf)).toStrictEqual(["", "", "0", "a", "a\nb"]);
});
