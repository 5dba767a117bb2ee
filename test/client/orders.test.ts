import { describe, expect, test } from "vitest";

import { createRatchet, defineJob } from "../../src/index.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { createWorkerBench } from "../worker/workerBench.ts";
import { createClientBench, publish, rejection, single } from "./clientBench.ts";

const bench = createClientBench();
const workers = createWorkerBench();

describe("list", () => {
  test("gives pages, newest first, by the last id", async () => {
    const ratchet = bench.client({ tenant: "pages" });
    const jobs = await ratchet.addMany(
      single,
      Array.from({ length: 5 }, () => ({ payload: {} })),
    );
    const newestFirst = jobs.map(({ id }) => id).toReversed();
    const first = await ratchet.list({ limit: 2 });
    const second = await ratchet.list({ limit: 2, beforeId: first[1]?.id });
    const third = await ratchet.list({ limit: 2, beforeId: second[1]?.id });
    expect([...first, ...second, ...third].map(({ id }) => id)).toStrictEqual(newestFirst);
    expect(await ratchet.list({ beforeId: third[0]?.id })).toStrictEqual([]);
    expect(first[0]).toMatchObject({
      identifier: "single",
      progress: "0/1",
      task: "one",
      attempts: 0,
      errorMessage: null,
    });
    expect(first[0]?.createdAt).toBeInstanceOf(Date);
  });

  test("finds by every filter", async () => {
    const ratchet = bench.client({ tenant: "filters" });
    const before = new Date(Date.now() - 60_000);
    const plain = await ratchet.add(single, { sku: "JKT-1" });
    const keyed = await ratchet.add(publish, { title: "Jacket 100%", images: [] }, { jobKey: 'listing:"7"\\' });
    const over = await ratchet.add(single, {});
    await ratchet.cancel(over, { reason: "Sold out" });
    const ids = async (filter: Parameters<typeof ratchet.list>[0]) => (await ratchet.list(filter)).map(({ id }) => id);
    expect(await ids({ status: "CANCELLED" })).toStrictEqual([over.id]);
    expect(await ids({ status: ["PENDING", "CANCELLED"] })).toStrictEqual([over.id, keyed.id, plain.id]);
    expect(await ids({ status: "PENDING" })).toStrictEqual([keyed.id, plain.id]);
    expect(await ids({ status: ["RUNNING", "WAITING"] })).toStrictEqual([]);
    expect(await ids({ status: [] })).toStrictEqual([]);
    expect(await ids({ identifier: "publish" })).toStrictEqual([keyed.id]);
    expect(await ids({ identifier: ["publish", 'no "such"'] })).toStrictEqual([keyed.id]);
    expect(await ids({ jobKey: 'listing:"7"\\' })).toStrictEqual([keyed.id]);
    expect(await ids({ isFinal: true })).toStrictEqual([over.id]);
    expect(await ids({ isFinal: false, identifier: "single" })).toStrictEqual([plain.id]);
    expect(await ids({ createdAfter: before })).toHaveLength(3);
    expect(await ids({ createdBefore: before })).toStrictEqual([]);
    expect(await ids({ search: "jkt-1" })).toStrictEqual([plain.id]);
    expect(await ids({ search: "100%" })).toStrictEqual([keyed.id]);
    expect(await ids({ search: "sold OUT" })).toStrictEqual([over.id]);
    expect(await ids({ search: "LISTING:" })).toStrictEqual([keyed.id]);
    expect(await ids({ search: plain.id, identifier: "single" })).toContain(plain.id);
    expect(await ids({ search: "nothing like it" })).toStrictEqual([]);
    expect(await ids({ tenant: "nobody" })).toStrictEqual([]);
  });

  test("refuses a page that is too long, and one that begins nowhere", async () => {
    expect(await rejection(bench.client().list({ beforeId: "first" }))).toMatchObject({ code: "RT006" });
    expect(await rejection(bench.client().list({ createdAfter: new Date("soon") }))).toMatchObject({ code: "RT006" });
    expect(await rejection(bench.client().list({ limit: 1001 }))).toMatchObject({ code: "RT006" });
  });
});

describe("orders", () => {
  test("reach a job that has failed, with reasons that are kept", async () => {
    let isMended = false;
    let runs = 0;
    const definition = defineJob({ identifier: "mended", retry: { maxAttempts: 1 } })
      .task("work", () => ++runs)
      .task("break", () => {
        if (!isMended) {
          throw new Error("broken");
        }
      });
    await workers.start({ definitions: { mended: definition } });
    await using ratchet = createRatchet({ connectionString: workers.database().url, schemas: TEST_SCHEMAS });
    const job = await ratchet.add(definition, {});
    expect(await ratchet.waitFor(job)).toMatchObject({ status: "FAILED", results: { work: 1 } });
    expect(await ratchet.list({ search: "BROKEN" })).toMatchObject([{ id: job.id, errorMessage: "broken" }]);

    isMended = true;
    expect(await ratchet.retry(job, { reason: "mended" })).toMatchObject({ id: job.id });
    expect(await ratchet.waitFor(job)).toMatchObject({ status: "COMPLETED" });
    expect(runs).toBe(1);

    await ratchet.retry(job.id, { fromTask: "work", reason: "once more" });
    expect(await ratchet.waitFor(job)).toMatchObject({ status: "COMPLETED", results: { work: 2 } });
    expect(await rejection(ratchet.cancel(job))).toMatchObject({ code: "RT016" });
    expect(await workers.rows("select action, reason from ratchet.audit order by id")).toMatchObject([
      { reason: "mended" },
      { reason: "once more" },
    ]);
  });

  test("one task is skipped and another one completed, and later handlers read what was said", async () => {
    const fails = (): never => {
      throw new Error("broken");
    };
    const definition = defineJob({ identifier: "by_hand", retry: { maxAttempts: 1 } })
      .task("left", fails)
      .task("done", fails)
      .task("read", async ({ results }) => [await results.left, await results.done]);
    await workers.start({ definitions: { by_hand: definition } });
    await using ratchet = createRatchet({ connectionString: workers.database().url, schemas: TEST_SCHEMAS });
    const job = await ratchet.add(definition, {});
    await ratchet.waitFor(job);
    expect(await ratchet.skip(job, "left", { reason: "not needed" })).toStrictEqual({ id: job.id, status: "RUNNING" });
    expect(await ratchet.waitFor(job)).toMatchObject({ status: "FAILED" });
    expect(await ratchet.complete(job.id, "done", { by: "hand" }, { reason: "was quicker" })).toMatchObject({
      id: job.id,
    });
    expect(await ratchet.waitFor(job)).toMatchObject({
      status: "COMPLETED",
      results: { done: { by: "hand" }, read: [null, { by: "hand" }] },
      tasks: [{ status: "SKIPPED" }, { status: "COMPLETED", attempts: 1 }, { status: "COMPLETED" }],
    });
    expect(await rejection(ratchet.skip(job, "read"))).toMatchObject({ code: "RT023" });
    expect(await rejection(ratchet.complete(job, "read", 1n))).toMatchObject({ code: "RT114" });
    expect(
      await workers.rows("select action, reason from ratchet.audit where job_id = $1 order by id", [job.id]),
    ).toStrictEqual([
      { action: "skip_task", reason: "not needed" },
      { action: "complete_task", reason: "was quicker" },
    ]);
  });

  test("a result that Postgres cannot store is named, in a transaction of the caller's too", async () => {
    const ratchet = bench.client();
    const job = await ratchet.add(single, {});
    expect(await rejection(ratchet.complete(job, "one", "\0"))).toMatchObject({ code: "RT116" });
    expect(await rejection(ratchet.complete(job, "one", "\u{D800}"))).toMatchObject({ code: "RT116" });
    expect(await ratchet.complete(job, "one")).toStrictEqual({ id: job.id, status: "COMPLETED" });
  });

  test.each(["x", "4000000"])("say that there is no job %s", async (id) => {
    const ratchet = bench.client();
    expect(await rejection(ratchet.cancel(id))).toMatchObject({ code: "RT013" });
    expect(await rejection(ratchet.retry(id))).toMatchObject({ code: "RT013" });
    expect(await rejection(ratchet.skip(id, "one"))).toMatchObject({ code: "RT013" });
    expect(await rejection(ratchet.complete(id, "one"))).toMatchObject({ code: "RT013" });
    expect(await ratchet.get(id)).toBeNull();
  });
});
