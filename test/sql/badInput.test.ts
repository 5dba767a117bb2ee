import { describe, expect, test } from "vitest";

import { countRows, errorOf, publish, register, useSql } from "./fixtures.ts";

const sql = useSql();

function add(specs: string): Promise<unknown> {
  return sql.rows("select id from ratchet.add_jobs($1::text::jsonb)", [`[${specs}]`]);
}

const withPayload = (payload: string): string => `{"identifier": "single", "payload": ${payload}}`;
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const EMOJI = "\u{1F600}";
// Right to left, a combining accent, and one that is turned around.
const FOREIGN = "\u202E\u0639\u0631\u0628\u064A e\u0301";

describe("whatever JSON it is, it is stored as it is:", () => {
  test.each([
    ["nested 10,000 times", withPayload(`{"a": ${nested(10_000)}}`)],
    ["a number beyond what JavaScript has", withPayload('{"a": 1e400}')],
    ["names that JavaScript knows", withPayload('{"__proto__": {"polluted": true}, "constructor": 1, "toString": 2}')],
    ["texts in every script", withPayload(`{"${FOREIGN}": "${EMOJI}${FOREIGN}"}`)],
  ])("%s", async (_, spec) => {
    const before = await countRows(sql);
    await add(spec);
    expect(await countRows(sql)).not.toStrictEqual(before);
    const same = await sql.value(
      "select payload = ($1::text::jsonb -> 'payload') from ratchet.jobs order by id desc limit 1",
      [spec],
    );
    expect(same).toBe(true);
  });

  test("of a key that stands twice the last counts, as Postgres has it", async () => {
    await add(withPayload('{"a": 1, "a": 2}'));
    expect(await sql.value("select payload from ratchet.jobs order by id desc limit 1")).toStrictEqual({ a: 2 });
  });

  test("keys, tenants and queues in every script, of as many characters as are allowed", async () => {
    const spec = {
      identifier: "single",
      job_key: `${FOREIGN}${EMOJI.repeat(400 - FOREIGN.length)}`,
      tenant: EMOJI.repeat(128),
      queue_name: EMOJI.repeat(128),
    };
    await add(JSON.stringify(spec));
    expect(
      await sql.row("select job_key, tenant, queue_name from ratchet.jobs order by id desc limit 1"),
    ).toStrictEqual({
      job_key: spec.job_key,
      tenant: spec.tenant,
      queue_name: spec.queue_name,
    });
  });

  test.each([
    "a'b",
    'a"b',
    "a; drop table ratchet.jobs; --",
    "a\nb",
    String.raw`a\b`,
    "$$a$$",
    "{n}",
    " ",
    FOREIGN,
    EMOJI.repeat(128),
  ])("an identifier such as %j", async (identifier) => {
    await register(sql, [publish({ identifier, templates: [{ key: "only", title: `Do ${identifier}`, each: null }] })]);
    await add(JSON.stringify({ identifier }));
    expect(await sql.row("select * from ratchet.job_overview where identifier = $1", [identifier])).toMatchObject({
      identifier,
    });
    const explained = await sql.value<string>(
      "select ratchet.explain_job(id)::text from ratchet.jobs where identifier = $1",
      [identifier],
    );
    expect(explained).not.toBe("");
  });

  test("10,000 tasks, and the job's row in every view", async () => {
    const items = JSON.stringify(Array.from({ length: 9998 }, (_, n) => `${n}.jpg`));
    await add(`{"identifier": "publish", "payload": {"images": ${items}}}`);
    const { id, count } = await sql.row<{ id: string; count: number }>(
      "select j.id, ratchet.jobs_task_count(j) as count from ratchet.jobs j order by j.id desc limit 1",
    );
    expect(count).toBe(10_000);
    expect(await sql.value("select ratchet.explain_job($1)::text", [id])).not.toBe("");
  });
});

describe("what cannot be stored is refused, and nothing is written:", () => {
  test.each([
    ["a zero character", withPayload(String.raw`{"a": "\u0000"}`), "22P05", /unsupported Unicode/v],
    [
      "half of a surrogate pair",
      withPayload(String.raw`{"a": "\ud800"}`),
      "22P02",
      /invalid input syntax for type json/v,
    ],
    ["half of one in a key", String.raw`{"identifier": "single", "job_key": "\udc00"}`, "22P02", /json/v],
    ["a number of 200,000 digits", withPayload('{"a": 1e200000}'), "22003", /overflows numeric/v],
    ["arrays nested 10 million times", withPayload(`{"a": ${nested(10_000_000)}}`), "54001", /stack depth/v],
    ["what is no JSON", withPayload("{a: 1}"), "22P02", /json/v],
    [
      "a year that JavaScript has not",
      '{"identifier": "single", "run_at": "294276-12-31T00:00:00Z"}',
      "RT006",
      /years 1 to 9999 and is 294276/v,
    ],
    ["a year before the first", '{"identifier": "single", "run_at": "4713-01-01 BC"}', "RT006", /years 1 to 9999/v],
    [
      "a year that Postgres has not",
      '{"identifier": "single", "run_at": "294277-12-31T00:00:00Z"}',
      "RT006",
      /out of range/v,
    ],
    ["a time that is none", '{"identifier": "single", "run_at": "soon"}', "RT006", /cannot be read.*soon/v],
    ["a priority over integer", '{"identifier": "single", "priority": 10000000000}', "RT006", /out of range/v],
    ["half a priority", '{"identifier": "single", "priority": 1.5}', "RT006", /cannot be read.*1\.5/v],
    // Before Postgres 17 no interval is endless.
    [
      "an endless retry_delay",
      '{"identifier": "single", "retry_delay": "infinity"}',
      "RT006",
      /10 years|cannot be read.*infinity/v,
    ],
    ["max_attempts over integer", '{"identifier": "single", "max_attempts": 99999999999}', "RT006", /out of range/v],
  ])("%s", async (_, spec, code, message) => {
    const before = await countRows(sql);
    // The good one beside it is not written, either.
    expect(await errorOf(add(`{"identifier": "single"}, ${spec}`))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(await countRows(sql)).toStrictEqual(before);
  });

  test("a payload of more than 32 MiB; one of a little less is stored", async () => {
    const addOf = (bytes: number) =>
      sql.rows("select from ratchet.add_job('single', jsonb_build_object('a', repeat('x', $1::integer)))", [bytes]);
    await addOf(33_554_000);
    const before = await countRows(sql);
    for (const bytes of [33_554_432, 100_000_000]) {
      expect(await errorOf(addOf(bytes))).toMatchObject({
        code: "RT006",
        message: expect.stringMatching(/^The payload of "single" has \d+ bytes; 33554432 are the most\.$/v),
        hint: expect.stringContaining("Store large data elsewhere"),
      });
    }
    const own = "select ratchet_private.create_job('x', jsonb_build_object('a', repeat('x', 33554432)), 'default')";
    expect(await errorOf(sql.rows(own))).toMatchObject({ code: "RT006" });
    expect(await countRows(sql)).toStrictEqual(before);
  });

  test("a payload of more than 32 MiB that comes from graphile-worker is a FAILED job that says so", async () => {
    await sql.rows(
      "select ratchet_private.adopt_job('single', jsonb_build_object('a', repeat('x', 33554432))::text, 4711, null, 0, now())",
    );
    expect(
      await sql.row(
        "select j.status, t.error_message from ratchet.jobs j join ratchet.tasks t on t.job_id = j.id where adopted_from = 4711",
      ),
    ).toMatchObject({ status: "FAILED", error_message: expect.stringContaining("33554432 are the most") });
  });
});
