import { describe, expect, test } from "vitest";

import {
  addJob,
  addSingle,
  addWorker,
  claim,
  claimOne,
  errorOf,
  readJob,
  register,
  single,
  useSql,
} from "./fixtures.ts";
import { auditOf, cancel, expectNoViolations, fail, orderMany } from "./orders.ts";

const sql = useSql();

/** Registers a definition of this test's own. */
async function ownDefinition(identifier: string): Promise<number> {
  await register(sql, [single({ identifier, version: identifier })]);
  return addWorker(sql, [identifier]);
}

/** Adds a job of one task that has FAILED, for good unless told otherwise. */
async function addFailedSingle(
  given: Readonly<Record<string, unknown>>,
  { canRetry = false }: { canRetry?: boolean } = {},
): Promise<string> {
  const worker = await addWorker(sql);
  const { id } = await addSingle(sql, given);
  const { fence } = await claimOne(sql, worker, id);
  await fail(sql, worker, { job: id, position: 1, fence, canRetry });
  return id;
}

function statusesOf(ids: readonly string[]): Promise<string[]> {
  return Promise.all(ids.map(async (id) => (await readJob(sql, id)).status));
}

const NONE = { done: 0, refused: 0, refusals: [], next_after: null };

describe("retry_jobs", () => {
  test("lets what has FAILED for good go on, and nothing else; a dry run counts and changes nothing", async () => {
    const tenant = "retries";
    const failed = [await addFailedSingle({ tenant }), await addFailedSingle({ tenant })];
    const others = [
      await addFailedSingle({ tenant }, { canRetry: true }),
      await addFailedSingle({ tenant: "other" }),
      (await addSingle(sql, { tenant })).id,
      (await addSingle(sql, { tenant })).id,
    ];
    await cancel(sql.pool(), others[2] ?? "");
    expect(await orderMany(sql.pool(), "retry_jobs", { tenant, dry_run: true })).toStrictEqual({
      ...NONE,
      matched: 2,
    });
    expect(await statusesOf(failed)).toStrictEqual(["FAILED", "FAILED"]);
    expect(await auditOf(sql, failed[0] ?? "")).toStrictEqual([]);

    expect(await orderMany(sql.pool(), "retry_jobs", { tenant, reason: "the shop is up" })).toStrictEqual({
      ...NONE,
      matched: 2,
      done: 2,
    });
    expect(await statusesOf(failed)).toStrictEqual(["RUNNING", "RUNNING"]);
    expect(await statusesOf(others)).toStrictEqual(["FAILED", "FAILED", "CANCELLED", "PENDING"]);
    for (const id of failed) {
      expect(await auditOf(sql, id)).toMatchObject([{ action: "retry", reason: "the shop is up", tenant }]);
    }
    expect(await orderMany(sql.pool(), "retry_jobs", { tenant, status: ["CANCELLED"] })).toMatchObject({ done: 1 });
    await expectNoViolations(sql);
  });

  test("counts those that cannot go on, by reason, and lets the others go on all the same", async () => {
    const tenant = "keys";
    const first = await addFailedSingle({ tenant, job_key: "a" });
    const second = await addFailedSingle({ tenant, job_key: "b" });
    const free = await addFailedSingle({ tenant });
    await addSingle(sql, { tenant, job_key: "a" });
    await addSingle(sql, { tenant, job_key: "b" });
    expect(await orderMany(sql.pool(), "retry_jobs", { tenant })).toStrictEqual({
      matched: 3,
      done: 1,
      refused: 2,
      refusals: [
        {
          code: "RT019",
          jobs: 2,
          first_job_id: Number(first),
          message: expect.stringContaining(`Job ${first} cannot go on: job `),
          hint: expect.stringContaining("Nothing was changed."),
        },
      ],
      next_after: null,
    });
    expect(await statusesOf([first, second, free])).toStrictEqual(["FAILED", "FAILED", "RUNNING"]);
    expect(await auditOf(sql, first)).toStrictEqual([]);
    await expectNoViolations(sql);
  });

  test("of jobs that are named by their ids, each is tried, and refused with the reason", async () => {
    const failed = await addFailedSingle({ tenant: "ids" });
    const { id: pending } = await addSingle(sql, { tenant: "ids" });
    expect(
      await orderMany(sql.pool(), "retry_jobs", { ids: [failed, pending, failed, "999999"], tenant: "ids" }),
    ).toMatchObject({
      matched: 2,
      done: 1,
      refused: 1,
      refusals: [{ code: "RT017", first_job_id: Number(pending) }],
    });
  });

  test("takes slices in order of the ids, and each job once", async () => {
    const tenant = "slices";
    const ids = [];
    for (let n = 0; n < 5; n++) {
      ids.push(await addFailedSingle({ tenant }));
    }
    const given = { tenant, max_jobs: 2 };
    const one = await orderMany(sql.pool(), "retry_jobs", given);
    expect(one).toMatchObject({ matched: 2, done: 2, next_after: ids[1] });
    const two = await orderMany(sql.pool(), "retry_jobs", { ...given, after: one.next_after });
    expect(two).toMatchObject({ done: 2, next_after: ids[3] });
    expect(await orderMany(sql.pool(), "retry_jobs", { ...given, after: two.next_after })).toStrictEqual({
      ...NONE,
      matched: 1,
      done: 1,
    });
  });

  test("a slice of jobs that all refuse does not come again", async () => {
    const tenant = "refusing";
    const refusing = await addFailedSingle({ tenant, job_key: "r" });
    await addSingle(sql, { tenant, job_key: "r" });
    const free = await addFailedSingle({ tenant });
    const given = { tenant, max_jobs: 1 };
    expect(await orderMany(sql.pool(), "retry_jobs", given)).toMatchObject({ refused: 1, next_after: refusing });
    expect(await orderMany(sql.pool(), "retry_jobs", { ...given, after: refusing })).toMatchObject({
      done: 1,
      next_after: free,
    });
    expect(await orderMany(sql.pool(), "retry_jobs", { ...given, after: free })).toStrictEqual({ ...NONE, matched: 0 });
  });

  test("by the time of the end", async () => {
    const tenant = "ends";
    const ids = [await addFailedSingle({ tenant }), await addFailedSingle({ tenant })];
    await sql.rows("update ratchet.jobs set finished_at = '2020-05-01Z' where id = $1", [ids[0]]);
    const given = { tenant, finished_after: "2020-05-01Z", finished_before: "2020-05-02Z" };
    expect(await orderMany(sql.pool(), "retry_jobs", given)).toMatchObject({ done: 1 });
    expect(await statusesOf(ids)).toStrictEqual(["RUNNING", "FAILED"]);
  });

  test("by a text, slice by slice exactly those that were counted", async () => {
    const tenant = "texts";
    const ids: string[] = [];
    for (const sku of ["JKT-1", "HAT-1", "JKT-2", "jkt-3"]) {
      ids.push(await addFailedSingle({ tenant, payload: { sku } }));
    }
    const { now } = await sql.row<{ now: Date }>("select now()");
    const given = { tenant, search: "jkt", created_before: now };
    expect(await orderMany(sql.pool(), "retry_jobs", { ...given, dry_run: true })).toMatchObject({ matched: 3 });
    ids.push(await addFailedSingle({ tenant, payload: { sku: "JKT-4" } }));
    const slice = await orderMany(sql.pool(), "retry_jobs", { ...given, max_jobs: 2 });
    expect(slice).toMatchObject({ done: 2, next_after: ids[2] });
    expect(await orderMany(sql.pool(), "retry_jobs", { ...given, after: slice.next_after })).toMatchObject({ done: 1 });
    expect(await statusesOf(ids)).toStrictEqual(["RUNNING", "FAILED", "RUNNING", "RUNNING", "FAILED"]);
    expect(
      await orderMany(sql.pool(), "retry_jobs", { ids: [ids[1], ids[4]], search: "jkt", dry_run: true }),
    ).toMatchObject({ matched: 1 });
  });
});

describe("cancel_jobs", () => {
  test("stops what has not ended, of one definition and status; a job that ends meanwhile is left as it is", async () => {
    const worker = await ownDefinition("cancelled_many");
    const given = { identifier: "cancelled_many" };
    const { id: ended } = await addJob(sql.pool(), given);
    await sql.rows("update ratchet.tasks set status = 'COMPLETED' where job_id = $1", [ended]);
    const { id: running } = await addJob(sql.pool(), given);
    await claim(sql.pool(), worker, [running], { versions: [given.identifier] });
    const { id: pending } = await addJob(sql.pool(), given);
    expect(await orderMany(sql.pool(), "cancel_jobs", { ...given, dry_run: true })).toMatchObject({ matched: 2 });
    expect(await orderMany(sql.pool(), "cancel_jobs", { ...given, status: ["PENDING"] })).toMatchObject({ done: 1 });
    expect(await statusesOf([ended, running, pending])).toStrictEqual(["COMPLETED", "RUNNING", "CANCELLED"]);
    expect(await orderMany(sql.pool(), "cancel_jobs", { ...given, reason: "sold out" })).toMatchObject({ done: 1 });
    expect(await readJob(sql, running)).toMatchObject({ status: "CANCELLED", cancel_reason: "sold out" });
    expect(await orderMany(sql.pool(), "cancel_jobs", { ids: [ended] })).toMatchObject({
      done: 0,
      refused: 1,
      refusals: [{ code: "RT016", jobs: 1 }],
    });
    await expectNoViolations(sql);
  });

  test("by the time they were added at", async () => {
    const tenant = "times";
    const ids = [(await addSingle(sql, { tenant })).id, (await addSingle(sql, { tenant })).id];
    await sql.rows("update ratchet.jobs set created_at = '2020-05-01Z' where id = $1", [ids[0]]);
    const given = { tenant, created_after: "2020-05-01Z", created_before: "2020-05-02Z" };
    expect(await orderMany(sql.pool(), "cancel_jobs", given)).toMatchObject({ done: 1 });
    expect(await statusesOf(ids)).toStrictEqual(["CANCELLED", "PENDING"]);
  });

  test("by a text, unless more than 20,000 jobs would have to be looked at", async () => {
    const tenant = "many";
    const add = (count: number, title: string): Promise<unknown> =>
      sql.rows(
        `select from ratchet.add_jobs((
           select jsonb_agg(jsonb_build_object('identifier', 'single', 'tenant', $1::text, 'payload', jsonb_build_object('title', $2::text)))
           from generate_series(1, $3::integer)))`,
        [tenant, title, count],
      );
    await add(2, "Jacket");
    await add(9_999, "Hat");
    await add(9_999, "Hat");
    const given = { tenant, search: "jacket" };
    expect(await orderMany(sql.pool(), "cancel_jobs", { ...given, dry_run: true })).toMatchObject({ matched: 2 });
    await add(1, "Hat");
    expect(await errorOf(orderMany(sql.pool(), "cancel_jobs", given))).toMatchObject({
      code: "RT006",
      message: "More than 20000 jobs match what is given beside search.",
    });
    expect(await orderMany(sql.pool(), "cancel_jobs", { ...given, created_before: "2020-05-01Z" })).toMatchObject({
      matched: 0,
    });
  });

  test("what is no refusal of ours ends it, and nothing of the slice is kept", async () => {
    const tenant = "broken";
    const ids = [(await addSingle(sql, { tenant })).id, (await addSingle(sql, { tenant })).id];
    await sql.rows(
      `create function public.break_it() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
       create trigger break_it before update on ratchet.jobs for each row when (old.id = ${ids[1]}) execute function public.break_it()`,
    );
    try {
      expect(await errorOf(orderMany(sql.pool(), "cancel_jobs", { tenant }))).toMatchObject({ message: "broken" });
    } finally {
      await sql.rows("drop trigger break_it on ratchet.jobs; drop function public.break_it()");
    }
    expect(await statusesOf(ids)).toStrictEqual(["PENDING", "PENDING"]);
  });
});

describe("is refused", () => {
  test.each([
    ["cancel_jobs", {}, "Which jobs to cancel is not said."],
    ["retry_jobs", { reason: "why not", dry_run: true }, "Which jobs to retry is not said."],
    ["retry_jobs", { identifier: "single", max_jobs: 0 }, "max_jobs must be from 1 to 1000 and is 0."],
    ["cancel_jobs", { identifier: "single", max_jobs: 1001 }, "max_jobs must be from 1 to 1000 and is 1001."],
    ["cancel_jobs", { identifier: "single", max_jobs: null }, "max_jobs must be from 1 to 1000 and is null."],
    ["cancel_jobs", { ids: Array.from({ length: 10_001 }, (_, n) => n) }, "ids holds 10001 ids; 10000 are the most."],
    ["retry_jobs", { status: ["FAILED", "RUNNING"] }, "status may name FAILED and CANCELLED and is {FAILED,RUNNING}."],
  ] as const)("%s(%j)", async (order, given, message) => {
    expect(await errorOf(orderMany(sql.pool(), order, given))).toMatchObject({ code: "RT006", message });
  });
});
