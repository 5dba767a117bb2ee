import { expect, test } from "vitest";

import {
  type FormField,
  fieldsOf,
  startOf,
  typedOf,
  valueOf,
  withValue,
} from "../../../src/dashboard/view/payloadForm.ts";

const SCHEMA = {
  type: "object",
  required: ["title", "address"],
  properties: {
    title: { type: "string", title: "Title", description: "as customers read it" },
    price: { type: ["number", "null"] },
    count: { type: "integer", default: 3 },
    isNew: { type: "boolean" },
    size: { enum: ["S", 42, null] },
    kind: { const: "shoe" },
    images: { type: "array", items: { type: "string" } },
    address: { $ref: "#/$defs/Address" },
    lines: { type: "array", items: { type: "object", properties: { sku: { type: "string" } } } },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
    either: { anyOf: [{ type: "string" }, { type: "number" }] },
    free: { type: "object" },
  },
  $defs: {
    Address: { type: "object", required: ["city"], properties: { city: { type: "string", default: "Bonn" } } },
  },
};

function field(name: string): FormField {
  const found = fieldsOf(SCHEMA)?.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(name);
  }
  return found;
}

test("fields of every kind, the required ones first; what none can hold is typed as JSON", () => {
  expect(
    fieldsOf(SCHEMA)?.map(({ name, shape, isRequired, isNullable }) => [name, shape.kind, isRequired, isNullable]),
  ).toStrictEqual([
    ["title", "text", true, false],
    ["address", "object", true, false],
    ["price", "number", false, true],
    ["count", "integer", false, false],
    ["isNew", "boolean", false, false],
    ["size", "choice", false, false],
    ["kind", "choice", false, false],
    ["images", "lines", false, false],
    ["lines", "items", false, false],
    ["note", "text", false, true],
    ["either", "json", false, false],
    ["free", "json", false, false],
  ]);
  expect(field("title")).toMatchObject({ label: "Title", hint: "as customers read it" });
});

test.each([null, {}, { type: "array" }, { type: "object" }])("no form for %j", (schema) => {
  expect(fieldsOf(schema)).toBeNull();
});

test("a form begins with the defaults, those of required objects too", () => {
  expect(startOf(fieldsOf(SCHEMA) ?? [])).toStrictEqual({ address: { city: "Bonn" }, count: 3, kind: "shoe" });
});

test("a schema that refers to itself ends in JSON", () => {
  const tree = { type: "object", properties: { child: { $ref: "#" } } };
  expect(JSON.stringify(fieldsOf(tree))).toContain('"kind":"json"');
});

test("what is typed becomes a value of the field's type; an empty text takes the field out", () => {
  expect(valueOf(field("price").shape, "12.5")).toBe(12.5);
  expect(valueOf(field("price").shape, "12345678901234567890")).toBe("12345678901234567890");
  expect(valueOf(field("images").shape, "a.jpg\n\nb.jpg\n")).toStrictEqual(["a.jpg", "b.jpg"]);
  expect(valueOf(field("free").shape, '{"a": [1]}')).toStrictEqual({ a: [1] });
  expect(valueOf(field("title").shape, "")).toBeUndefined();
  expect(withValue({ title: "x", price: 1 }, "title")).toStrictEqual({ price: 1 });
});

test("values stand in their fields as they are typed", () => {
  expect(typedOf(field("images").shape, ["a", "b"])).toBe("a\nb");
  expect(typedOf(field("title").shape, "a")).toBe("a");
  expect(typedOf(field("price").shape)).toBe("");
  expect(typedOf(field("free").shape, "a")).toBe('"a"');
});
