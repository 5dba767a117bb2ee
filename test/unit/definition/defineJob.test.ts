import { describe, expect, test, vi } from "vitest";
import { z } from "zod";

import { defineJob } from "../../../src/definition/defineJob.ts";
import { isJobDefinition } from "../../../src/definition/jobDefinition.ts";
import { jsonpath } from "../../../src/definition/jsonpath.ts";

const Listing = z.object({ images: z.array(z.string()), 'we"ird': z.array(z.number()) });

function refusal(message: string) {
  return expect.objectContaining({ code: "RT112", message: expect.stringContaining(message) });
}

function handler() {
  return true;
}

/** The same value without its type, as a caller in JavaScript has it. */
function untyped(value: unknown): never {
  return value as never;
}

describe("templates", () => {
  test("a task and a forEach keep key, title, source, time-out and handler, in order", () => {
    const validate = () => true;
    const upload = () => "done";
    const { templates } = defineJob({ payload: Listing })
      .task("validate", { title: "Validate product", timeout: "20 s" }, validate)
      .forEach("upload", "images", { title: "Upload image {n}/{total}", transaction: true }, upload);

    expect(templates).toStrictEqual([
      {
        key: "validate",
        title: "Validate product",
        each: null,
        timeoutMs: 20_000,
        transaction: false,
        handler: validate,
      },
      {
        key: "upload",
        title: "Upload image {n}/{total}",
        each: { path: 'strict $."images"[*]', property: "images" },
        timeoutMs: null,
        transaction: true,
        handler: upload,
      },
    ]);
  });

  test("without options the title is the key, with numbers for a forEach", () => {
    const { templates } = defineJob({ payload: Listing })
      .task("validate", () => true)
      .forEach("upload", "images", () => true);
    expect(templates.map(({ title }) => title)).toStrictEqual(["validate", "upload {n}/{total}"]);
  });

  test("a property's name is quoted in its path", () => {
    const { templates } = defineJob({ payload: Listing }).forEach("each", 'we"ird', () => true);
    expect(templates[0]?.each?.path).toBe(String.raw`strict $."we\"ird"[*]`);
  });

  test("a jsonpath is made strict and brings its element schema", () => {
    const element = z.number();
    const { templates } = defineJob()
      .forEach("typed", jsonpath({ path: "$.lines[*]", element }), () => true)
      .forEach("untyped", jsonpath({ path: " strict $.lines[*].sku " }), () => true);
    expect(templates.map(({ each }) => each)).toStrictEqual([
      { path: "strict $.lines[*]", property: null, element },
      { path: "strict $.lines[*].sku", property: null },
    ]);
  });

  test.each(["", "lines[*]", "lax $.lines[*]", "$.**", "$.lines.**.sku", "$.**{2 to 3}"])(
    "the jsonpath %j is refused",
    (path) => {
      expect(() => jsonpath({ path })).toThrow(refusal("cannot be the source of a forEach"));
    },
  );

  test("two asterisks inside a quoted name are no wildcard", () => {
    expect(jsonpath({ path: String.raw`$."a**\"b"[*]` }).path).toBe(String.raw`strict $."a**\"b"[*]`);
  });
});

describe("refusals at run time, for what the compiler did not see", () => {
  const empty = defineJob();

  test("a key with other characters than letters, digits, _ and -", () => {
    for (const key of ["", "upload image", "upload[1]", "ü", "a.b", "a\n"]) {
      expect(() => empty.task(key, handler)).toThrow(refusal(`${JSON.stringify(key)} is no task key`));
    }
    expect(empty.task("Ab_9-z", handler).templates).toHaveLength(1);
  });

  test("a key used twice", () => {
    const once = empty.task("validate", handler);
    expect(() => once.task(untyped("validate"), handler)).toThrow(refusal('The key "validate" is used by two tasks'));
    expect(() => once.forEach(untyped("validate"), jsonpath({ path: "$.a[*]" }), handler)).toThrow(
      refusal("two tasks"),
    );
  });

  test("a handler that is missing or no function", () => {
    expect(() => empty.task("a", untyped({ title: "A" }))).toThrow(refusal('The task "a" has no handler'));
    expect(() => empty.task("a", { title: "A" }, untyped(7))).toThrow(refusal("the last argument is number"));
  });

  test("a title in place of the options", () => {
    expect(() => empty.task("a", untyped("Title"), handler)).toThrow(
      refusal('The options of the task "a" are "Title"'),
    );
  });

  test("a forEach without a source", () => {
    expect(() => empty.forEach("a", untyped(""), handler)).toThrow(refusal('The forEach "a" does not say'));
    expect(() => empty.forEach("a", untyped({ path: "$.a" }), handler)).toThrow(
      refusal('The forEach "a" does not say'),
    );
    expect(() => empty.forEach("a", untyped(null), handler)).toThrow(refusal('The forEach "a" does not say'));
  });

  test("an empty title", () => {
    expect(() => empty.task("a", { title: " " }, handler)).toThrow(refusal('The title of the task "a" is empty'));
  });

  test("a time-out of nothing, or longer than a timer can run", () => {
    expect(() => empty.task("a", { timeout: "0 s" }, handler)).toThrow(
      refusal('The time-out of the task "a" is "0 s"'),
    );
    expect(() => empty.task("a", { timeout: "597 h" }, handler)).toThrow(refusal("must be from 1 ms to 596 h"));
    expect(empty.task("a", { timeout: "596 h" }, handler).templates[0]?.timeoutMs).toBe(2_145_600_000);
  });

  test("a time-out of the job that is none, or longer than Postgres can add to a time", () => {
    for (const timeout of ["0 ms", "0.4 ms", "365001 d"] as const) {
      expect(() => defineJob({ timeout })).toThrow(
        refusal(`The job's time-out is "${timeout}", but must be from 1 ms to 365000 d.`),
      );
    }
    expect(() => defineJob({ timeout: untyped("10 minutes") })).toThrow(refusal('"10 minutes" is not a duration'));
    expect(defineJob({ timeout: "10 min" }).options.timeoutMs).toBe(600_000);
    expect(defineJob({ timeout: "10 min" }).version).toBe(defineJob().version);
  });

  test("a payload option that is no Standard Schema", () => {
    expect(() => defineJob({ payload: untyped({ type: "object" }) })).toThrow(refusal("is no Standard Schema"));
    expect(() => defineJob({ payload: untyped(null) })).toThrow(refusal("is no Standard Schema"));
  });

  test("an identifier that graphile-worker could not hold", () => {
    expect(() => defineJob({ identifier: "" })).toThrow(refusal('The identifier ""'));
    expect(() => defineJob({ identifier: "x".repeat(129) })).toThrow(refusal("1 to 128 characters"));
    expect(defineJob({ identifier: "publish_listing" }).options.identifier).toBe("publish_listing");
  });
});

describe("a definition", () => {
  test("is unchanged by what is added to it", () => {
    const first = defineJob().task("first", () => 1);
    const longer = first.task("second", () => 2);
    const other = first.task("other", () => 3);
    expect(first.templates.map(({ key }) => key)).toStrictEqual(["first"]);
    expect(longer.templates.map(({ key }) => key)).toStrictEqual(["first", "second"]);
    expect(other.templates.map(({ key }) => key)).toStrictEqual(["first", "other"]);
  });

  test("is frozen, with its options and templates", () => {
    const definition = defineJob({ retry: { maxAttempts: 1 } }).forEach("a", jsonpath({ path: "$.a[*]" }), () => 1);
    const { options, templates } = definition;
    for (const part of [definition, options, options.retry, templates, templates[0], templates[0]?.each]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test("without options has the default policies and neither schema nor identifier", () => {
    expect(defineJob().options).toStrictEqual({
      retry: { maxAttempts: 5, delayMs: 30_000, backoff: 1, maxDelayMs: null, jitter: 0 },
      retention: { completed: null, failed: null },
      timeoutMs: null,
      hidePayloads: false,
    });
  });

  test("is recognised when it was made by another copy of the package", async () => {
    const mine = defineJob();
    vi.resetModules();
    const copy = await import("../../../src/definition/defineJob.ts");
    expect(copy.defineJob).not.toBe(defineJob);
    expect(isJobDefinition(copy.defineJob())).toBe(true);
    expect(isJobDefinition(mine)).toBe(true);
  });

  test.each([null, undefined, 1, "text", {}, [], () => 1])("%s is none", (value) => {
    expect(isJobDefinition(value)).toBe(false);
  });
});
