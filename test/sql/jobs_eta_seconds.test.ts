import { beforeAll, describe, expect, test } from "vitest";

import { addJob, addPublish, addWorker, checkpoint, claimOne, type Sql, useSql } from "./fixtures.ts";
import { cancel } from "./orders.ts";

const sql = useSql();
let worker: number;

beforeAll(async () => {
  worker = await addWorker(sql);
});

function etaOf(db: Sql, id: string): Promise<number | null> {
  return db.value("select ratchet.jobs_eta_seconds(j) from ratchet.jobs j where id = $1", [id]);
}

/** Runs a job of five tasks that take so many seconds each, and the images so many. */
async function addPast({ seconds, imageSeconds, tenant }: { seconds: number; imageSeconds: number; tenant: string }) {
  const { id } = await addPublish(sql, ["a", "b", "c"], { tenant });
  const { fence } = await claimOne(sql, worker, id);
  for (let position = 1; position <= 5; position++) {
    const elapsedMs = (position === 1 || position === 5 ? seconds : imageSeconds) * 1000;
    await checkpoint(sql.pool(), worker, [{ job: id, position, fence, kind: "C", elapsedMs }]);
  }
  return id;
}

describe("with a history of jobs whose images took 10 s and other tasks 2 s", () => {
  const tenant = "history";
  beforeAll(async () => {
    await addPast({ seconds: 1, imageSeconds: 8, tenant });
    await addPast({ seconds: 3, imageSeconds: 12, tenant });
  });

  test("a job that has not started takes as long as its tasks took, however many they are", async () => {
    expect(await etaOf(sql, (await addPublish(sql, ["a", "b", "c"], { tenant })).id)).toBeCloseTo(34, 3);
    expect(await etaOf(sql, (await addPublish(sql, ["a"], { tenant })).id)).toBeCloseTo(14, 3);
  });

  test("one that is to run later, the wait besides", async () => {
    const { id } = await addPublish(sql, ["a"], { tenant });
    await sql.rows("update ratchet.jobs set run_at = ratchet_private.clock_now() + interval '1000 s' where id = $1", [
      id,
    ]);
    const eta = (await etaOf(sql, id)) ?? 0;
    expect(Math.round(eta / 100)).toBe(10);
  });

  test("what is finished counts no more, and of what runs the share that is left", async () => {
    const { id } = await addPublish(sql, ["a", "b"], { tenant });
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "C" }]);
    expect(await etaOf(sql, id)).toBeCloseTo(22, 3);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 2, fence, kind: "R", progress: 0.75 }]);
    expect(await etaOf(sql, id)).toBeCloseTo(14.5, 3);
  });

  test("a task that runs longer than ever before counts nothing, not less than nothing", async () => {
    const { id } = await addPublish(sql, ["a"], { tenant });
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "R", elapsedMs: 100_000 }]);
    expect(await etaOf(sql, id)).toBeCloseTo(12, 3);
  });

  test("a job that has ended has none", async () => {
    const { id } = await addPublish(sql, [], { tenant });
    await cancel(sql.pool(), id);
    expect(await etaOf(sql, id)).toBeNull();
  });
});

test("nothing is told by the jobs of another tenant, or without any", async () => {
  await addPast({ seconds: 1, imageSeconds: 1, tenant: "first" });
  expect(await etaOf(sql, (await addPublish(sql, [], { tenant: "second" })).id)).toBeNull();
  expect(await etaOf(sql, (await addJob(sql.pool(), { identifier: "single" })).id)).toBeNull();
});

test("only the last ten ends count", async () => {
  const tenant = "changed";
  const old = await addPast({ seconds: 1000, imageSeconds: 1000, tenant });
  await sql.rows("update ratchet.jobs set finished_at = finished_at - interval '1 h' where id = $1", [old]);
  for (let n = 0; n < 10; n++) {
    await addPast({ seconds: 1, imageSeconds: 1, tenant });
  }
  expect(await etaOf(sql, (await addPublish(sql, [], { tenant })).id)).toBeCloseTo(2, 3);
});
