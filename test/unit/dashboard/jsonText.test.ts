import { expect, test } from "vitest";

import { jsonProblem } from "../../../src/dashboard/view/jsonText.ts";

test.each([
  "{}",
  "null",
  '"12345678901234567890"',
  "[1.50, 1e3, -0, 0.1, 1.25e-7]",
  "9007199254740991",
  String.raw`{"a\"1": 2}`,
])("%s is kept as it is", (text) => {
  expect(jsonProblem(text)).toBeNull();
});

test.each(["12345678901234567890", '{"id": 9007199254740993}', "[0.12345678901234567891]", "1e999"])(
  "%s would become another number",
  (text) => {
    expect(jsonProblem(text)).toContain("it would become");
  },
);

test.each(["", "{", "{a: 1}"])("%j is no JSON", (text) => {
  expect(jsonProblem(text)).toContain("no JSON yet");
});
