import { describe, expect, test } from "vitest";
import { z } from "zod";

import { defineJob } from "../../../src/definition/defineJob.ts";

const payload = z.object({ images: z.array(z.string()), videos: z.array(z.string()) });
const original = defineJob({ payload })
  .task("validate", () => true)
  .forEach("upload", "images", () => true);

describe("the version", () => {
  test("is 16 hexadecimal digits, and never changes between releases for the same definition", () => {
    expect(original.version).toBe("6a46ba28ccd98fb8");
  });

  test("stays with another title, time-out, transaction, retry policy, handler or schema", () => {
    const reworded = defineJob({
      payload: payload.extend({ note: z.string() }),
      retry: { maxAttempts: 1 },
      identifier: "x",
    })
      .task("validate", { title: "Check it", timeout: "1 s" }, () => "other code")
      .forEach("upload", "images", { title: "Image {n}", transaction: true }, () => 7);
    expect(reworded.version).toBe(original.version);
  });

  test("changes with a key, the order, the number or the source of the templates", () => {
    const others = [
      defineJob({ payload }),
      defineJob({ payload }).task("validate", () => true),
      original.task("create", () => true),
      defineJob({ payload })
        .forEach("upload", "images", () => true)
        .task("validate", () => true),
      defineJob({ payload })
        .task("check", () => true)
        .forEach("upload", "images", () => true),
      defineJob({ payload })
        .task("validate", () => true)
        .forEach("upload", "videos", () => true),
      defineJob({ payload })
        .task("validate", () => true)
        .task("upload", () => true),
    ];
    const versions = new Set([original, ...others].map(({ version }) => version));
    expect(versions.size).toBe(others.length + 1);
  });
});
