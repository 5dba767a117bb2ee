import pg from "pg";
import { describe, expect, test } from "vitest";
import { z } from "zod";

import { createRatchet, defineJob, jobReference } from "../../src/index.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { createClientBench, publish, rejection, single } from "./clientBench.ts";

const bench = createClientBench();

describe("the job is named", () => {
  test("by a definition that says its identifier", async () => {
    const job = await bench.client().add(publish, { title: "Jacket", images: ["a", "b"] });
    expect(job).toMatchObject({ identifier: "publish", status: "PENDING", tenant: "default", jobKey: null });
    expect(await bench.client().get(job)).toMatchObject({
      payload: { title: "Jacket", images: ["a", "b"] },
      tasks: [{ key: "validate" }, { key: "upload[1]" }, { key: "upload[2]" }],
    });
  });

  test("by a reference, with the definition or its type alone", async () => {
    const ratchet = bench.client();
    const byType = jobReference<typeof single>("single");
    const byValue = jobReference(
      "single",
      defineJob().task("one", () => 1),
    );
    expect(await ratchet.add(byType, { n: 1 })).toMatchObject({ identifier: "single" });
    expect(await ratchet.add(byValue, { n: 2 })).toMatchObject({ identifier: "single" });
  });

  test("by its identifier, with the type of a definition, of a module or of nothing", async () => {
    const ratchet = bench.client();
    expect(await ratchet.add<typeof single>("single", {})).toMatchObject({ identifier: "single" });
    expect(await ratchet.add<{ default: typeof single }>("single", {})).toMatchObject({ identifier: "single" });
    expect(await ratchet.add("single", {})).toMatchObject({ identifier: "single" });
  });

  test("by no definition that does not say its identifier", async () => {
    const nameless = defineJob().task("one", () => 1);
    expect(await rejection(bench.client().add(nameless, {}))).toMatchObject({
      code: "RT006",
      hint: expect.stringContaining('jobReference("publish_listing", definition)'),
    });
    expect(await rejection(bench.client().add({} as never, {} as never))).toMatchObject({ code: "RT006" });
  });

  test("by a name that is not registered: an error says which are", async () => {
    expect(await rejection(bench.client().add("publsh", {}))).toMatchObject({
      code: "RT001",
      message: 'No definition "publsh" is registered.',
      hint: expect.stringContaining("publish, single"),
    });
  });
});

test("every option arrives", async () => {
  const runAt = new Date("2040-01-01T00:00:00Z");
  const job = await bench.client().add(
    publish,
    { title: "All", images: ["a", "b"] },
    {
      taskNames: ["upload[2]"],
      runAt,
      maxAttempts: 7,
      retryDelay: "1.5 s",
      priority: -5,
      queueName: "slow",
      jobKey: "all",
      jobKeyMode: "unsafe_dedupe",
      tenant: "acme",
    },
  );
  expect(job).toMatchObject({ tenant: "acme", jobKey: "all", runAt });
  const [row] = await bench.rows(
    `select j.max_attempts, extract(epoch from j.retry_delay)::float as delay, j.priority, j.queue_name,
       (select array_agg(t.key) from ratchet.tasks t where t.job_id = j.id) as keys
     from ratchet.jobs j where j.id = $1`,
    [job.id],
  );
  expect(row).toStrictEqual({ max_attempts: 7, delay: 1.5, priority: -5, queue_name: "slow", keys: ["upload[2]"] });
});

test("a client's tenant counts unless a call names another", async () => {
  const ratchet = bench.client({ tenant: "shop 1" });
  expect(await ratchet.add(single, {})).toMatchObject({ tenant: "shop 1" });
  expect(await ratchet.add(single, {}, { tenant: "shop 2" })).toMatchObject({ tenant: "shop 2" });
  expect(await ratchet.list()).toMatchObject([{ tenant: "shop 1" }]);
  expect(await ratchet.list({ tenant: undefined })).toMatchObject([{ tenant: "shop 1" }]);
  expect(await ratchet.list({ tenant: "shop 2" })).toMatchObject([{ tenant: "shop 2" }]);
});

test("what JSON makes of the payload is stored as it is, texts that look like SQL or schema names too", async () => {
  const payload = {
    at: new Date(0),
    quote: `'"$1::text; ratchet.jobs graphile_worker.`,
    left: undefined,
    deep: [{ a: null }],
  };
  const job = await bench.client().add(single, payload);
  expect(await bench.client().get(job)).toMatchObject({
    payload: { at: "1970-01-01T00:00:00.000Z", quote: payload.quote, deep: [{ a: null }] },
  });
});

test.each<[string, unknown, string]>([
  ["an array", [], 'The payload of "single" must be a JSON object and is array.'],
  ["nothing", undefined, 'The payload of "single" must be a JSON object and is undefined.'],
  ["null", null, 'The payload of "single" must be a JSON object and is null.'],
  ["a Date", new Date(), 'The payload of "single" must be a JSON object and is string.'],
  [
    "a bigint inside",
    { n: 1n },
    'The payload of "single" cannot be written as JSON: Do not know how to serialize a BigInt.',
  ],
])("%s is no payload", async (_, payload, message) => {
  expect(await rejection(bench.client().add("single", payload as object))).toMatchObject({ code: "RT002", message });
});

test("times and durations that are none are refused", async () => {
  const ratchet = bench.client();
  expect(await rejection(ratchet.add(single, {}, { runAt: new Date("soon") }))).toMatchObject({ code: "RT006" });
  expect(await rejection(ratchet.add(single, {}, { retryDelay: "soon" as never }))).toMatchObject({ code: "RT112" });
});

describe("connections", () => {
  test("none is made before the first call, and close is safe before it and twice", async () => {
    const ratchet = createRatchet({ connectionString: "postgres://nobody@127.0.0.1:9/nowhere" });
    await Promise.all([ratchet.close(), ratchet.close()]);
    await ratchet.close();
    expect(await rejection(ratchet.add(single, {}))).toMatchObject({ code: "RT127" });
    expect(await rejection(ratchet.get("1"))).toMatchObject({ code: "RT127" });
  });

  test("a server that cannot be reached is an error that says so, and that trying again may help", async () => {
    await using ratchet = createRatchet({ connectionString: "postgres://nobody@127.0.0.1:9/nowhere" });
    expect(await rejection(ratchet.add(single, {}, { checkPayload: false }))).toMatchObject({
      code: "RT101",
      retryable: true,
    });
    expect(await rejection(ratchet.add(single, {}))).toMatchObject({ code: "RT101", retryable: true });
  });

  test("a pool that was given is used and stays open", async () => {
    const pool = new pg.Pool({ connectionString: bench.database().url, max: 1 });
    const ratchet = bench.client({ pool });
    const job = await ratchet.add(single, {});
    await ratchet.close();
    expect((await pool.query("select 1 as one")).rows).toStrictEqual([{ one: 1 }]);
    expect(job.identifier).toBe("single");
    await pool.end();
  });

  test("close waits for what is being added", async () => {
    const ratchet = bench.client();
    const adding = Promise.all(Array.from({ length: 20 }, (_, n) => ratchet.add(single, { closing: n })));
    await ratchet.close();
    expect(await bench.rows("select from ratchet.jobs where payload ? 'closing'")).toHaveLength(20);
    expect(await adding).toHaveLength(20);
  });

  test("close waits for every call that has begun, those that wait for a connection too", async () => {
    const ratchet = bench.client();
    const jobs = ratchet.addMany(single, [{ payload: {} }, { payload: {} }]);
    const looks = Promise.all(Array.from({ length: 30 }, () => ratchet.get("1")));
    await ratchet.close();
    expect(await jobs).toHaveLength(2);
    expect(await looks).toHaveLength(30);
  });

  test("a slow validator keeps no other job waiting", async () => {
    const validated = Promise.withResolvers<unknown>();
    const slow = defineJob({ identifier: "single", payload: z.object({}).refine(() => validated.promise) }).task(
      "one",
      () => {},
    );
    const ratchet = bench.client();
    const late = ratchet.add(slow, {});
    const { id } = await ratchet.add(single, {});
    validated.resolve(true);
    expect(Number((await late).id)).toBeGreaterThan(Number(id));
  });

  test("a pool and a connection string are one too many", () => {
    const pool = new pg.Pool();
    expect(() => createRatchet({ pool, connectionString: "x" })).toThrow(expect.objectContaining({ code: "RT110" }));
  });

  test("a database without Ratchet says that it is to be migrated", async () => {
    await using ratchet = createRatchet({ connectionString: bench.database().url, schemas: { ratchet: "elsewhere" } });
    expect(await rejection(ratchet.add(single, {}))).toMatchObject({ code: "RT106" });
    expect(await rejection(ratchet.waitFor("1"))).toMatchObject({ code: "RT106" });
    expect(TEST_SCHEMAS.ratchet).not.toBe("elsewhere");
  });
});
