import { describe, expect, test } from "vitest";

import { createAdding } from "../../src/client/adding.ts";
import { createConnections } from "../../src/client/connections.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { createClientBench, publish, rejection, single } from "./clientBench.ts";

const bench = createClientBench();

test("many jobs are added in order, each with options of its own, in one transaction", async () => {
  const ratchet = bench.client({ tenant: "many" });
  const jobs = await ratchet.addMany(
    single,
    Array.from({ length: 2501 }, (_, n) => ({ payload: { n }, ...(n === 1200 && { jobKey: "in the middle" }) })),
  );
  expect(jobs).toHaveLength(2501);
  expect(jobs[1200]).toMatchObject({ jobKey: "in the middle" });
  expect(
    await bench.rows(
      "select count(distinct xmin::text)::int as commits, count(*)::int as jobs from ratchet.jobs where tenant = 'many'",
    ),
  ).toStrictEqual([{ commits: 1, jobs: 2501 }]);
  const [row] = await bench.rows<{ n: number }>("select (payload ->> 'n')::int as n from ratchet.jobs where id = $1", [
    jobs[2000]?.id,
  ]);
  expect(row).toStrictEqual({ n: 2000 });
});

test("what was checked is what is added, whatever becomes of the object", async () => {
  const ratchet = bench.client();
  const payload = { title: "As it was", images: [] };
  const adding = ratchet.addMany(publish, [{ payload }]);
  payload.title = "";
  const [job] = await adding;
  expect(await ratchet.get(job?.id ?? "")).toMatchObject({ payload: { title: "As it was" } });
});

test("none is fine", async () => {
  expect(await bench.client().addMany(single, [])).toStrictEqual([]);
});

describe("one bad job keeps all from being added, and is named by its place", () => {
  test.each([
    ["refused by the definition's validator", publish, { title: "", images: [] }, "RT118"],
    ["refused by the stored schema", "publish", { title: 3, images: [] }, "RT118"],
    ["that is no object", "single", null, "RT002"],
  ] as const)("%s", async (_, name, bad, code) => {
    const good = { payload: { title: "A", images: ["a"] } };
    const failure = await rejection(
      bench.client({ tenant: "bad" }).addMany(name, [good, { payload: bad as never }, good]),
    );
    expect(failure).toMatchObject({ code, message: expect.stringMatching(/^Job 2 of 3: /v) });
    expect(await bench.rows("select from ratchet.jobs where tenant = 'bad'")).toStrictEqual([]);
  });

  test("refused by Postgres in a later slice, and alone in the last one", async () => {
    const items = Array.from({ length: 2001 }, (_, n) => ({ payload: { n }, priority: n === 1500 ? 99_999 : 0 }));
    const ratchet = bench.client({ tenant: "bad" });
    expect(await rejection(ratchet.addMany(single, items))).toMatchObject({
      code: "RT006",
      message: "Job 1501 of 2001: priority must be between -32768 and 32767 and is 99999.",
    });
    const last = items.map(({ payload }, n) => ({ payload, priority: n === 2000 ? 99_999 : 0 }));
    expect(await rejection(ratchet.addMany(single, last))).toMatchObject({
      message: "Job 2001 of 2001: priority must be between -32768 and 32767 and is 99999.",
    });
    expect(await bench.rows("select from ratchet.jobs where tenant = 'bad'")).toStrictEqual([]);
  });
});

test("a key that another transaction holds is an error after a while, and none is added", async () => {
  const connections = createConnections({ connectionString: bench.database().url, schemas: TEST_SCHEMAS });
  const adding = createAdding({ connections, schemas: TEST_SCHEMAS, tenant: "held", heldKeyTimeoutMs: 200 });
  const holder = await bench.database().pool.connect();
  try {
    await holder.query("begin");
    await holder.query("select ratchet.add_job('single', '{}', job_key => 'k', tenant => 'held')");
    expect(
      await rejection(adding.addMany("single", [{ payload: {} }, { payload: {}, jobKey: "k" }], {})),
    ).toMatchObject({
      code: "RT128",
      message: "One of the job keys has been held by another transaction for 0.2 s.",
    });
  } finally {
    await holder.query("rollback");
    holder.release();
    await connections.close();
  }
  expect(await bench.rows("select from ratchet.jobs where tenant = 'held'")).toStrictEqual([]);
});

test("issues of a payload come with their places", async () => {
  const failure = await rejection(bench.client().addMany("publish", [{ payload: { images: [1] } }]));
  expect(failure).toMatchObject({
    code: "RT118",
    issues: [
      { path: "title", message: "is missing" },
      { path: "images[0]", message: "must be string" },
    ],
  });
});
