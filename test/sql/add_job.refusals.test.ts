import { describe, expect, test } from "vitest";

import { named, wakeUpKey } from "../support/schemas.ts";
import { addJob, addPublish, countRows, errorOf, publish, register, useSql } from "./fixtures.ts";

const sql = useSql();

interface Refusal {
  readonly title: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint: string | RegExp;
}

const NOTHING = "Nothing was written.";
const SOURCE =
  'The tasks "upload" of "publish" come from the array at $."images"[*] of the payload, and there is none.';
const ARRAY_HINT =
  'Give an array there, even if it has one element or none. If the definition was changed since it was registered, run "ratchet migrate". Nothing was written.';

const BAD_PAYLOADS = [
  { what: "an array", payload: [1], type: "array" },
  { what: "a text", payload: "x", type: "string" },
  { what: "a number", payload: 1, type: "number" },
  { what: "JSON null", payload: null, type: "null" },
  { what: "a boolean", payload: true, type: "boolean" },
];
const NOT_AN_ARRAY = "jsonpath wildcard array accessor can only be applied to an array";
const NO_ARRAYS = [
  { what: "a missing array", payload: {}, detail: 'JSON object does not contain key "images"' },
  { what: "a text instead of the array", payload: { images: "a.jpg" }, detail: NOT_AN_ARRAY },
  { what: "null instead of the array", payload: { images: null }, detail: NOT_AN_ARRAY },
  { what: "an object instead of the array", payload: { images: { 0: "a.jpg" } }, detail: NOT_AN_ARRAY },
];

const REFUSALS: readonly Refusal[] = [
  {
    title: "an identifier that nobody registered",
    given: { identifier: "publsh" },
    code: "RT001",
    message: 'No definition "publsh" is registered.',
    hint: /Registered: .*publish.* Put the definition into tasks\/ and run "ratchet migrate" or start a worker\. Nothing was written\.$/v,
  },
  {
    title: "an identifier that is null",
    given: { identifier: null },
    code: "RT006",
    message: "The identifier is missing.",
    hint: NOTHING,
  },
  ...BAD_PAYLOADS.map(({ what, payload, type }) => ({
    title: `a payload that is ${what}`,
    given: { identifier: "single", payload },
    code: "RT002",
    message: `The payload of "single" must be a JSON object and is ${type}.`,
    hint: 'Put the value into an object, such as {"value": …}. Nothing was written.',
  })),
  ...NO_ARRAYS.map(({ what, payload, detail }) => ({
    title: what,
    given: { identifier: "publish", payload },
    code: "RT003",
    message: SOURCE,
    detail: `Postgres says: ${detail}.`,
    hint: ARRAY_HINT,
  })),
  {
    title: "a plan of 10,001 tasks",
    given: { identifier: "publish", payload: { images: Array.from({ length: 9999 }, () => 0) } },
    code: "RT005",
    message: 'The plan of "publish" would have more than 10000 tasks.',
    hint: /^Split the payload over several jobs/v,
  },
  {
    title: "task_names without a name",
    given: { identifier: "single", task_names: [] },
    code: "RT004",
    message: 'The plan of "single" has no task for this payload.',
    detail: "Templates: only.",
    hint: /^A job needs at least one task: .*task_names.* Nothing was written\.$/v,
  },
  {
    title: "a task name that the plan does not have",
    given: { identifier: "publish", payload: { images: ["a"] }, task_names: ["validate", "uplaod"] },
    code: "RT008",
    message: '"publish" has no task "uplaod" for this payload.',
    detail: "Its tasks are: validate, upload[1], create.",
    hint: "Name tasks by key, by template key or by the name people see. Nothing was written.",
  },
  {
    title: "a null among the task names",
    given: { identifier: "single", task_names: ["only", null] },
    code: "RT006",
    message: "task_names must be an array of texts.",
    hint: NOTHING,
  },
  {
    title: "a task named twice",
    given: { identifier: "publish", payload: { images: ["a"] }, task_names: ["upload", "upload[1]"] },
    code: "RT014",
    message: 'The task "upload[1]" is named twice.',
    hint: "Name each task once. Nothing was written.",
  },
  {
    title: "max_attempts 0",
    given: { max_attempts: 0 },
    code: "RT006",
    message: "max_attempts must be at least 1 and is 0.",
    hint: NOTHING,
  },
  {
    title: "max_attempts -1",
    given: { max_attempts: -1 },
    code: "RT006",
    message: "max_attempts must be at least 1 and is -1.",
    hint: NOTHING,
  },
  {
    title: "a negative retry_delay",
    given: { retry_delay: "-1 s" },
    code: "RT006",
    message: "retry_delay must not be negative and is -00:00:01.",
    hint: NOTHING,
  },
  {
    title: "a retry_delay of eleven years",
    given: { retry_delay: "11 years" },
    code: "RT006",
    message: "retry_delay must be at most 10 years and is 11 years.",
    hint: NOTHING,
  },
  {
    title: "a priority below smallint",
    given: { priority: -32_769 },
    code: "RT006",
    message: "priority must be between -32768 and 32767 and is -32769.",
    hint: NOTHING,
  },
  {
    title: "a priority above smallint",
    given: { priority: 32_768 },
    code: "RT006",
    message: "priority must be between -32768 and 32767 and is 32768.",
    hint: NOTHING,
  },
  {
    title: "an empty queue_name",
    given: { queue_name: "" },
    code: "RT006",
    message: "queue_name must have 1 to 128 characters.",
    hint: NOTHING,
  },
  {
    title: "a queue_name of 129 characters",
    given: { queue_name: "q".repeat(129) },
    code: "RT006",
    message: "queue_name must have 1 to 128 characters.",
    hint: NOTHING,
  },
  {
    title: "an empty job_key",
    given: { job_key: "" },
    code: "RT006",
    message: "job_key must have 1 to 400 characters.",
    hint: NOTHING,
  },
  {
    title: "a job_key of 401 characters",
    given: { job_key: "k".repeat(401) },
    code: "RT006",
    message: "job_key must have 1 to 400 characters.",
    hint: NOTHING,
  },
  {
    title: "a reserved job_key",
    given: { job_key: wakeUpKey(7) },
    code: "RT007",
    message: named('The job key "ratchet:7" begins with "ratchet:", which is reserved.'),
    hint: "Choose another prefix. Nothing was written.",
  },
  {
    title: "a job_key_mode without a key",
    given: { job_key_mode: "replace" },
    code: "RT006",
    message: "job_key_mode has no meaning without a job_key.",
    hint: NOTHING,
  },
  {
    title: "an unknown job_key_mode",
    given: { job_key: "k", job_key_mode: "Replace" },
    code: "RT006",
    message: 'job_key_mode must be replace, preserve_run_at or unsafe_dedupe and is "Replace".',
    hint: NOTHING,
  },
  {
    title: "an empty tenant",
    given: { tenant: "" },
    code: "RT006",
    message: "tenant must have 1 to 128 characters.",
    hint: NOTHING,
  },
  {
    title: "run_at infinity",
    given: { run_at: "infinity" },
    code: "RT006",
    message: "run_at must be a finite time.",
    hint: NOTHING,
  },
  {
    title: "run_at -infinity",
    given: { run_at: "-infinity" },
    code: "RT006",
    message: "run_at must be a finite time.",
    hint: NOTHING,
  },
];

describe("it refuses, and writes nothing:", () => {
  test.each(REFUSALS)("$title ($code)", async ({ given, code, message, detail, hint }) => {
    const before = await countRows(sql);
    const raised = await errorOf(addJob(sql.pool(), { identifier: "single", ...given }));
    expect(raised).toMatchObject({ code, message });
    expect(raised.detail).toBe(detail);
    expect(raised.hint).toMatch(hint);
    expect(await countRows(sql)).toStrictEqual(before);
  });

  test("a plan without a task (RT004)", async () => {
    await register(sql, [
      publish({
        identifier: "images_only",
        templates: [{ key: "upload", title: "Upload {n}", each: 'strict $."images"[*]' }],
      }),
    ]);
    const before = await countRows(sql);
    expect(await errorOf(addPublish(sql, [], { identifier: "images_only" }))).toMatchObject({
      code: "RT004",
      message: 'The plan of "images_only" has no task for this payload.',
      detail: "Templates: upload.",
    });
    expect(await countRows(sql)).toStrictEqual(before);
  });
});

test("psql shows three lines of context for an error, not thirty", async () => {
  for (const given of [{ identifier: "nobody" }, { identifier: "publish", payload: { images: 1 } }]) {
    const raised = (await errorOf(addJob(sql.pool(), given))) as unknown as { where: string };
    expect(raised.where.split("\n")).toHaveLength(3);
  }
});
