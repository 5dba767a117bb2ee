import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";

import { validatePayload } from "../../../src/definition/payload.ts";

function handWritten(validate: StandardSchemaV1["~standard"]["validate"]): StandardSchemaV1 {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

function rejection(message: string) {
  return expect.objectContaining({ code: "RT118", retryable: false, message });
}

describe("validatePayload", () => {
  test("without a schema gives the payload back as it is", async () => {
    const raw = { any: "thing" };
    expect(await validatePayload(undefined, raw)).toBe(raw);
  });

  test("gives what zod makes of the payload: defaults, conversions, unknown properties removed", async () => {
    const schema = z.object({ title: z.string().trim(), price: z.number().default(1), on: z.coerce.date() });
    expect(await validatePayload(schema, { title: " Jacket ", on: "2026-11-23", extra: true })).toStrictEqual({
      title: "Jacket",
      price: 1,
      on: new Date("2026-11-23"),
    });
  });

  test("gives what a hand-written Standard Schema makes of it", async () => {
    expect(
      await validatePayload(
        handWritten(() => ({ value: "made" })),
        {},
      ),
    ).toBe("made");
  });

  test("waits for an asynchronous validator", async () => {
    const known = z.object({ sku: z.string().refine((sku) => Promise.resolve(sku === "a"), "is not known") });
    expect(await validatePayload(known, { sku: "a" })).toStrictEqual({ sku: "a" });
    await expect(validatePayload(known, { sku: "b" })).rejects.toThrow("sku: is not known");
    expect(
      await validatePayload(
        handWritten(() => Promise.resolve({ value: 2 })),
        {},
      ),
    ).toBe(2);
  });

  test("lists every issue with its path", async () => {
    const schema = z.object({ title: z.string(), images: z.array(z.object({ url: z.string() })) });
    await expect(validatePayload(schema, { images: [{ url: "a" }, { url: 1 }] })).rejects.toThrow(
      rejection(
        "The payload was rejected by its schema. " +
          "title: Invalid input: expected string, received undefined; " +
          "images[1].url: Invalid input: expected string, received number",
      ),
    );
  });

  test("an issue with the whole, path segments as objects and symbols are named", async () => {
    const issues = [
      { message: "is wrong" },
      { message: "is wrong too", path: [] },
      { message: "is bad", path: [{ key: "a" }, 0, { key: Symbol("s") }] },
      { message: "is first", path: [{ key: 0 }, "b"] },
    ];
    await expect(
      validatePayload(
        handWritten(() => ({ issues })),
        {},
      ),
    ).rejects.toThrow(
      rejection(
        "The payload was rejected by its schema. " +
          "payload: is wrong; payload: is wrong too; a[0].Symbol(s): is bad; [0].b: is first",
      ),
    );
  });

  test("an empty list of issues is a rejection, as the specification has it", async () => {
    await expect(
      validatePayload(
        handWritten(() => ({ issues: [] })),
        {},
      ),
    ).rejects.toThrow("rejected by its schema");
  });

  test("the payload's values are not quoted", async () => {
    const schema = z.object({ password: z.number() });
    await expect(validatePayload(schema, { password: "hunter2" })).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });
});
