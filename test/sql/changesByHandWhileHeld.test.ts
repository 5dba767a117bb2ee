import { describe, expect, test } from "vitest";

import { addPublish, addWorker, checkpoint, claimOne, completeTasks, readJob, statuses, useSql } from "./fixtures.ts";
import { fail } from "./orders.ts";

const sql = useSql();

/** A job of three tasks, claimed, with its first task completed; the second one has no RUNNING mark. */
async function heldJob(): Promise<{ id: string; worker: number; fence: number }> {
  const { id } = await addPublish(sql, ["a"]);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
  return { id, worker, fence };
}

async function setByHand(id: string, position: number, status: string): Promise<void> {
  await sql.rows("update ratchet.tasks set status = $3 where job_id = $1 and position = $2", [id, position, status]);
}

describe("a job whose last task was cancelled by hand while a worker held it", () => {
  test("is CANCELLED when its other tasks are completed, like one whose tasks were all changed by hand", async () => {
    const { id, worker, fence } = await heldJob();
    await setByHand(id, 3, "CANCELLED");
    await completeTasks(sql, worker, { job: id, fence, from: 2, to: 2 });
    expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "COMPLETED", "CANCELLED"]);
    expect(await readJob(sql, id)).toMatchObject({
      status: "CANCELLED",
      cancel_reason: "a task was cancelled by hand",
      worker_id: null,
    });
    expect(await sql.rows("select * from ratchet.violations")).toStrictEqual([]);
  });
});

describe("a change by hand tells the worker that holds the job to look again", () => {
  test.each([true, false])("whether the task it is in is marked RUNNING (%s) or not yet", async (isMarked) => {
    const { id, worker, fence } = await heldJob();
    if (isMarked) {
      await checkpoint(sql.pool(), worker, [{ job: id, position: 2, fence, kind: "R" }]);
    }
    await setByHand(id, 3, "SKIPPED");
    expect(await checkpoint(sql.pool(), worker, [{ job: id, position: 2, fence, kind: "C", result: 1 }])).toMatchObject(
      [{ outcome: "written", stop: true }],
    );
  });

  test("and a task before the one it is in, set back to PENDING, is not passed over", async () => {
    const { id } = await addPublish(sql, ["a"]);
    await setByHand(id, 1, "SKIPPED");
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, id);
    await completeTasks(sql, worker, { job: id, fence, from: 2, to: 2 });
    await setByHand(id, 1, "PENDING");
    await checkpoint(sql.pool(), worker, [{ job: id, position: 3, fence, kind: "C", result: 1 }]);
    expect(await statuses(sql, id)).toContain("PENDING");
    expect(await readJob(sql, id)).toMatchObject({ status: "RUNNING", finished_at: null });
    expect(
      await sql.rows("select * from ratchet.violations where job_id = $1 and rule like 'status%'", [id]),
    ).toStrictEqual([]);
  });

  test("and when that worker hands the job back, nothing of it is RUNNING any more", async () => {
    const { id } = await addPublish(sql, ["a"]);
    await setByHand(id, 1, "SKIPPED");
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, id);
    await setByHand(id, 1, "PENDING");
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [id], [fence]]);
    expect(await statuses(sql, id)).toStrictEqual(["PENDING", "PENDING", "PENDING"]);
    expect(await checkpoint(sql.pool(), worker, [{ job: id, position: 2, fence, kind: "C" }])).toMatchObject([
      { outcome: "refused" },
    ]);
    expect(await sql.rows("select * from ratchet.violations where job_id = $1", [id])).toStrictEqual([]);
  });
});

test("a task set back by hand before one that waits for its retry is run first, and then that one", async () => {
  const { id } = await addPublish(sql, []);
  await setByHand(id, 1, "SKIPPED");
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await fail(sql, worker, { job: id, position: 2, fence });
  await setByHand(id, 1, "PENDING");
  await sql.rows("update ratchet.jobs set next_attempt_at = created_at where id = $1", [id]);
  const again = await claimOne(sql, worker, id);
  expect(again.first_position).toBe(1);
  await completeTasks(sql, worker, { job: id, fence: again.fence, from: 1, to: 2 });
  expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED" });
});
