// Compiled by `npm run types`, never run: what must compile, what must not, and which types come out.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Logger } from "pino";
import { z } from "zod";
import type { TaskInputsOf } from "../../src/definition/jobDefinition.ts";
import {
  type AnyJobDefinition,
  type AsJson,
  defineJob,
  type Duration,
  jsonpath,
  type JsonValue,
  type PayloadInput,
  type PayloadOf,
  type ResultsOf,
  type RetryLaterOptions,
  type TaskLog,
  type TransactionClient,
} from "../../src/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles exactly if both types are the same. */
function same<A, B>(_proof: Same<A, B>): void {}

declare const anything: ReturnType<typeof JSON.parse>;

const Listing = z.object({
  title: z.string(),
  images: z.array(z.string()),
  price: z.number().default(1),
  size: z.tuple([z.number(), z.number()]).readonly(),
  tags: z.array(z.string()).optional(),
  colours: z.array(z.string()).default([]),
  dates: z.array(z.coerce.date()),
  words: z.preprocess((raw) => raw, z.array(z.string())),
});

const publishListing = defineJob({ payload: Listing, retry: { maxAttempts: 5, delay: "30 s" } })
  .task("validate", { title: "Validate product" }, ({ payload, input, results }) => {
    same<typeof payload.price, number>(true);
    same<typeof input, undefined>(true);
    same<keyof typeof results, never>(true);
    return { ok: true, at: new Date() };
  })
  .forEach("upload", "images", { title: "Upload image {n}/{total}" }, async ({ input, signal, results }) => {
    same<typeof input, string>(true);
    same<typeof signal, AbortSignal>(true);
    same<keyof typeof results, "validate">(true);
    const { at } = await results.validate;
    same<typeof at, string>(true);
    return { url: input, previous: at };
  })
  .task("create", { title: "Create listing", timeout: "20 s" }, async ({ results }) => {
    const uploads = await results.upload;
    same<typeof uploads, { url: string; previous: string }[]>(true);
    return uploads.length;
  })
  .task("book", { transaction: true }, async ({ client, results }) => {
    same<typeof client, TransactionClient>(true);
    const count = await results.create;
    same<typeof count, number>(true);
    await client.query("select 1");
  })
  .task("report", ({ results }) => results.book)
  .forEach("measure", "size", ({ input }) => {
    same<typeof input, number>(true);
  });

defineJob({ payload: Listing })
  .forEach("converted", "dates", ({ input }) => {
    same<typeof input, Date>(true);
  })
  .forEach("unsaid", "words", ({ input }) => {
    same<typeof input, string>(true);
  });
defineJob({ payload: z.preprocess((raw) => raw, z.object({ ids: z.array(z.number()) })) }).forEach(
  "each",
  "ids",
  ({ input }) => {
    same<typeof input, number>(true);
  },
);

same<PayloadOf<typeof publishListing>["price"], number>(true);
same<PayloadInput<typeof publishListing>["price"], number | undefined>(true);
same<keyof ResultsOf<typeof publishListing>, "validate" | "upload" | "create" | "book" | "report" | "measure">(true);
same<ResultsOf<typeof publishListing>["validate"], { ok: boolean; at: string }>(true);
same<ResultsOf<typeof publishListing>["book"], null>(true);
same<ResultsOf<typeof publishListing>["measure"], null[]>(true);

// Without a schema, properties are unknown and elements come by jsonpath.
defineJob()
  .task("look", ({ payload }) => {
    same<typeof payload, Record<string, unknown>>(true);
  })
  .forEach("untyped", jsonpath({ path: "$.lines[*]" }), ({ input }) => {
    same<typeof input, unknown>(true);
  })
  .forEach("typed", jsonpath({ path: "$.lines[*]", element: z.coerce.number() }), { transaction: true }, (context) => {
    same<typeof context.input, number>(true);
    same<typeof context.client, TransactionClient>(true);
  });

// Any Standard Schema, one written by hand too.
declare const handWritten: StandardSchemaV1<{ ids: string[] }, { ids: bigint[] }>;
const byHand = defineJob({ payload: handWritten }).forEach("each", "ids", ({ input }) => {
  same<typeof input, bigint>(true);
});
same<PayloadInput<typeof byHand>, { ids: string[] }>(true);

// A schema that converts its input says nothing about it, and is taken.
defineJob({ payload: z.preprocess((raw) => raw, z.object({ id: z.string() })) }).task("a", ({ payload }) => payload.id);

// A union's common properties are there.
defineJob({
  payload: z.union([
    z.object({ kind: z.literal("a"), lines: z.array(z.number()) }),
    z.object({ kind: z.literal("b"), lines: z.array(z.string()) }),
  ]),
}).forEach("line", "lines", ({ input }) => {
  same<typeof input, number | string>(true);
});

const base = defineJob({ payload: Listing }).task("first", () => "done");

// @ts-expect-error: a key used twice
base.task("first", () => "again");
// @ts-expect-error: a key used twice, with options
base.task("first", { timeout: "1 s" }, () => "again");
// @ts-expect-error: a key used twice, by a forEach
base.forEach("first", "images", () => "again");
// @ts-expect-error: no such property
base.forEach("second", "pictures", () => "done");
// @ts-expect-error: a property that is no array
base.forEach("second", "title", () => "done");
// @ts-expect-error: an optional array, which the plan cannot be made from
base.forEach("second", "tags", () => "done");
// @ts-expect-error: an array that may be missing when the job is queued, which is when the plan is made
base.forEach("second", "colours", () => "done");
// @ts-expect-error: no array is known without a schema
defineJob().forEach("second", "images", () => "done");
// @ts-expect-error: the result of no earlier task
base.task("second", ({ results }) => results.third);
// @ts-expect-error: a task's own result
base.task("second", ({ results }) => results.second);
// @ts-expect-error: a result is a promise
base.task("second", async ({ results }) => results.first.length);
// @ts-expect-error: client without { transaction: true }
base.task("second", ({ client }) => client);
// @ts-expect-error: client without { transaction: true }, with other options
base.task("second", { timeout: "1 s" }, ({ client }) => client);
// @ts-expect-error: transaction is true or left out
base.task("second", { transaction: false }, () => "done");
// @ts-expect-error: an unknown unit
base.task("second", { timeout: "1 day" }, () => "done");
// @ts-expect-error: an unknown option
base.task("second", { timeOut: "1 s" }, () => "done");
// @ts-expect-error: an unknown option beside a known one
base.task("second", { title: "Second", timeOut: "1 s" }, () => "done");
// @ts-expect-error: an unknown option of a forEach
base.forEach("second", "images", { title: "Second", timeOut: "1 s" }, () => "done");
// @ts-expect-error: a bigint cannot be stored
base.task("second", () => 1n);
// @ts-expect-error: a symbol cannot be stored, nor from a promise
base.task("second", async () => Symbol("no"));
// @ts-expect-error: a function cannot be stored
base.task("second", () => () => "done");
// @ts-expect-error: a result that sometimes is a bigint
base.forEach("second", "images", ({ input }) => (input === "" ? 1n : input));
// @ts-expect-error: no handler
base.task("second", { title: "Second" });
// @ts-expect-error: a payload is an object
defineJob({ payload: z.string() });
// @ts-expect-error: a payload is no array
defineJob({ payload: z.array(z.string()) });
// @ts-expect-error: an unknown option
defineJob({ retries: 5 });
// @ts-expect-error: a duration without a space
defineJob({ retry: { delay: "30s" } });

// A refused line says so at the handler; what is storable in part is taken, and what is not is found at run time.
base.task("any", () => anything).task("unknown", (): unknown => anything);
base.task("throws", () => {
  throw new Error("always");
});
base.task("nothing", async () => {});

same<AsJson<Date>, string>(true);
same<AsJson<Date | null>, string | null>(true);
same<AsJson<void>, null>(true);
same<AsJson<undefined | number>, number | null>(true);
same<AsJson<unknown>, JsonValue>(true);
same<AsJson<typeof anything>, typeof anything>(true);
same<AsJson<bigint>, never>(true);
same<AsJson<readonly [Date, undefined, 1]>, [string, null, 1]>(true);
same<AsJson<(string | undefined)[]>, (string | null)[]>(true);
same<AsJson<{ a?: Date; b: string | undefined; c: () => void; d: undefined }>, { a?: string; b?: string }>(true);
same<AsJson<{ readonly a: { b: Date[] } }>, { readonly a: { b: string[] } }>(true);
same<AsJson<Map<string, number>>, Record<string, never>>(true);
same<AsJson<Buffer>, { type: "Buffer"; data: number[] }>(true);
same<AsJson<{ toJSON: () => { at: Date } }>, { at: string }>(true);
same<AsJson<JsonValue>, JsonValue>(true);
same<AsJson<JsonValue | undefined>, JsonValue>(true);
same<AsJson<{ a?: JsonValue; b: JsonValue[] }>, { a?: JsonValue; b: JsonValue[] }>(true);
type OwnJson = string | number | boolean | null | readonly OwnJson[] | { [key: string]: OwnJson | undefined };
same<AsJson<OwnJson>, JsonValue>(true);
type Nested = number | Nested[];
same<AsJson<Nested>, Nested>(true);

interface Tree {
  readonly at: Date;
  readonly children: Tree[];
}
base
  .task("tree", (): Tree => anything)
  .task("leaf", async ({ results }) => {
    const leaf = (await results.tree).children[0]?.children[0]?.at;
    same<typeof leaf, string | undefined>(true);
  });

// Spelled out in src/errors, which imports nothing of the project.
same<RetryLaterOptions["delay"], Duration>(true);

/** A pino logger is a task's log. */
export function takesPino(logger: Logger): TaskLog {
  return logger;
}

same<
  TaskInputsOf<typeof publishListing>,
  { validate: undefined; upload: string; create: undefined; book: undefined; report: undefined; measure: number }
>(true);
same<TaskInputsOf<AnyJobDefinition>, unknown>(true);
