import { expect, test } from "vitest";

import { previewPlan } from "../../../src/dashboard/view/planPreview.ts";

const UPLOAD = { key: "upload", title: "Upload image {n}/{total}", each: 'strict $."images"[*]' };

function namesOf(each: string, payload: unknown): readonly string[] | null | undefined {
  return previewPlan([{ ...UPLOAD, each }], payload)[0]?.names;
}

test("one task a template, or one for each match", () => {
  const plan = previewPlan([{ key: "validate", title: "Validate", each: null }, UPLOAD], { images: ["a", "b"] });
  expect(plan.map(({ names }) => names)).toStrictEqual([["Validate"], ["Upload image 1/2", "Upload image 2/2"]]);
});

test("paths through objects and lists", () => {
  expect(
    namesOf("strict $.order.lines[*].parts[*]", { order: { lines: [{ parts: [1, 2] }, { parts: [3] }] } }),
  ).toHaveLength(3);
  expect(namesOf("$[*]", [1, 2])).toHaveLength(2);
});

test("what is not there has no tasks", () => {
  expect(namesOf(UPLOAD.each, {})).toStrictEqual([]);
  expect(namesOf(UPLOAD.each, { images: "a" })).toStrictEqual([]);
});

test("a path with a condition is the database's", () => {
  expect(namesOf("strict $.images[*] ? (@.size > 3)", { images: [] })).toBeNull();
  expect(namesOf("lax images", {})).toBeNull();
});
