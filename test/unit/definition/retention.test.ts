import { expect, test } from "vitest";
import { z } from "zod";

import { defineJob } from "../../../src/definition/defineJob.ts";
import { type RetentionOptions, createRetentionPolicy } from "../../../src/definition/retention.ts";
import { definitionRow } from "../../../src/worker/definitions.ts";

test("nothing said leaves the time to the database", () => {
  expect(createRetentionPolicy()).toStrictEqual({ completed: null, failed: null });
});

test("durations are counted in milliseconds, and for ever stays what it is", () => {
  expect(createRetentionPolicy({ completed: "30 d", failed: "forever" })).toStrictEqual({
    completed: 2_592_000_000,
    failed: "forever",
  });
  expect(createRetentionPolicy({ completed: "0 s" })).toStrictEqual({ completed: 0, failed: null });
});

test("a time that is no duration, or too long for one, is refused (RT112)", () => {
  expect(() => createRetentionPolicy({ completed: "30 days" } as unknown as RetentionOptions)).toThrow(
    expect.objectContaining({ code: "RT112", message: '"30 days" is not a duration.' }),
  );
  expect(createRetentionPolicy({ failed: "365000 d" })).toMatchObject({ failed: 31_536_000_000_000 });
  expect(() => createRetentionPolicy({ failed: "365001 d" })).toThrow(
    expect.objectContaining({
      code: "RT112",
      message: 'retention.failed is "365001 d", but must be at most "365000 d".',
      hint: 'Say "forever" to keep the jobs until you delete them.',
    }),
  );
});

test("it is registered with the payload's schema, and neither is part of the version", () => {
  const handler = (): void => {};
  const plain = defineJob().task("only", handler);
  const kept = defineJob({
    payload: z.object({ title: z.string() }),
    retention: { completed: "7 d", failed: "forever" },
  }).task("only", handler);
  expect(kept.version).toBe(plain.version);
  expect(definitionRow("plain", plain)).toMatchObject({ payloadSchema: null, keepCompleted: null, keepFailed: null });
  expect(definitionRow("kept", kept)).toMatchObject({
    payloadSchema: { type: "object", properties: { title: { type: "string" } }, required: ["title"] },
    keepCompleted: 604_800_000,
    keepFailed: "forever",
  });
});
