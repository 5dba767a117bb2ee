import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { isNodeTooOld, OLDEST_NODE, typeScriptHint } from "../../../src/config/nodeVersion.ts";

test("the oldest Node is the one that package.json asks for", () => {
  const { engines } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
    engines: { node: string };
  };
  expect(engines.node).toBe(`>=${OLDEST_NODE}`);
});

test.each([
  ["18.20.8", true],
  ["20.20.2", true],
  ["22.9.0", true],
  ["22.17.1", true],
  ["22.18.0", false],
  ["24.0.0", false],
  ["100.1.0", false],
])("Node %s is too old: %s", (version, expected) => {
  expect(isNodeTooOld(version)).toBe(expected);
});

describe("the hint about a TypeScript file", () => {
  const unknownEnding = Object.assign(new TypeError("Unknown file extension"), { code: "ERR_UNKNOWN_FILE_EXTENSION" });

  test("names both versions if Node is too old", () => {
    expect(typeScriptHint(unknownEnding, "20.20.2")).toBe(
      "Node runs TypeScript files from 22.18 on, and this is Node 20.20.2: start it with a newer Node.",
    );
  });

  test("names the switch if Node is new enough", () => {
    expect(typeScriptHint(unknownEnding, "26.10.0")).toContain("--no-strip-types");
  });

  test.each([new Error("no such setting"), "a text", null])(
    "is none if the file failed for another reason: %s",
    (error) => {
      expect(typeScriptHint(error, "20.20.2")).toBeUndefined();
    },
  );
});
