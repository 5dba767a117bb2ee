import { describe, expect, test } from "vitest";

import {
  addJob,
  type AddJobArguments,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  completeTasks,
  type Job,
  readJob,
  readTasks,
  readWakeUps,
  runJob,
  statuses,
  useSql,
  withSession,
} from "./fixtures.ts";

const sql = useSql();
const MODES = ["replace", "preserve_run_at", "unsafe_dedupe"] as const;
const REPLACING = ["replace", "preserve_run_at"] as const;

let counter = 0;

/** A job with a key of its own and two images; `again` adds with the same key and one image. */
async function keyedJob(
  given: AddJobArguments = {},
): Promise<{ old: Job; again: (mode: string, more?: AddJobArguments) => Promise<Job> }> {
  const key = `key ${++counter}`;
  const add = (images: string[], more: AddJobArguments): Promise<Job> =>
    addJob(sql.pool(), { identifier: "publish", payload: { images }, job_key: key, ...more });
  const old = await add(["a", "b"], given);
  return { old, again: (mode, more = {}) => add(["new"], { job_key_mode: mode, ...more }) };
}

const OLD_RUN_AT = new Date("2040-01-01T00:00:00Z");
const NEW_RUN_AT = new Date("2041-01-01T00:00:00Z");

describe("before any task has started", () => {
  test.each([
    ["replace", NEW_RUN_AT],
    ["preserve_run_at", OLD_RUN_AT],
  ])("%s keeps the job and gives it the new payload, plan and settings", async (mode, runAt) => {
    const { old, again } = await keyedJob({ run_at: OLD_RUN_AT, priority: 1 });
    const same = await again(mode, {
      run_at: NEW_RUN_AT,
      priority: 7,
      max_attempts: 2,
      retry_delay: "5 s",
      queue_name: "q",
    });
    expect(same).toMatchObject({
      id: old.id,
      status: "PENDING",
      payload: { images: ["new"] },
      run_at: runAt,
      priority: 7,
      max_attempts: 2,
      queue_name: "q",
      created_at: old.created_at,
    });
    expect((await readTasks(sql, old.id)).map(({ position, name }) => [position, name])).toStrictEqual([
      [1, "Validate product"],
      [2, "Upload image 1/1"],
      [3, "Create listing"],
    ]);
    expect(await readWakeUps(sql, old.id)).toMatchObject([{ run_at: runAt, priority: 7, queue_name: "q" }]);
  });

  test("replace without run_at makes it due now", async () => {
    const { again } = await keyedJob({ run_at: OLD_RUN_AT });
    expect((await again("replace")).run_at.getTime()).toBeLessThan(OLD_RUN_AT.getTime());
  });

  test("replace can make it a job of another definition", async () => {
    const { old, again } = await keyedJob();
    expect(await again("replace", { identifier: "single" })).toMatchObject({
      id: old.id,
      identifier: "single",
      version: "s1",
    });
    expect(await statuses(sql, old.id)).toStrictEqual(["PENDING"]);
    expect(await readWakeUps(sql, old.id)).toMatchObject([{ task_identifier: "single" }]);
  });

  test("unsafe_dedupe changes nothing and returns it", async () => {
    const { old, again } = await keyedJob({ run_at: OLD_RUN_AT });
    expect(await again("unsafe_dedupe", { run_at: NEW_RUN_AT, priority: 7 })).toStrictEqual(old);
    expect(await statuses(sql, old.id)).toHaveLength(4);
    expect(await readWakeUps(sql, old.id)).toMatchObject([{ run_at: OLD_RUN_AT }]);
  });
});

describe("while a worker runs it", () => {
  test.each(REPLACING)("%s adds a new job; the old one ends its task and starts no other", async (mode) => {
    const { old, again } = await keyedJob();
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, old.id);
    await completeTasks(sql, worker, { job: old.id, fence, from: 1, to: 1 });
    await checkpoint(sql.pool(), worker, [{ job: old.id, position: 2, fence, kind: "R" }]);

    const replacement = await again(mode);

    expect(replacement).toMatchObject({ status: "PENDING", payload: { images: ["new"] } });
    expect(replacement.id).not.toBe(old.id);
    expect(await readJob(sql, old.id)).toMatchObject({ status: "RUNNING", job_key: null, worker_id: worker });
    expect(await statuses(sql, old.id)).toStrictEqual(["COMPLETED", "RUNNING", "CANCELLED", "CANCELLED"]);

    const answers = await checkpoint(sql.pool(), worker, [
      { job: old.id, position: 2, fence, kind: "C", result: "done" },
    ]);
    expect(answers).toMatchObject([{ outcome: "written", stop: true }]);
    expect(await statuses(sql, old.id)).toStrictEqual(["COMPLETED", "COMPLETED", "CANCELLED", "CANCELLED"]);
    const ended = await readJob(sql, old.id);
    expect(ended).toMatchObject({
      status: "CANCELLED",
      cancel_reason: `replaced by job ${replacement.id}`,
      worker_id: null,
    });
    expect(ended.finished_at).not.toBeNull();
    expect(await checkpoint(sql.pool(), worker, [{ job: old.id, position: 3, fence, kind: "R" }])).toMatchObject([
      { outcome: "refused" },
    ]);
  });

  test("and its try fails after that, it is CANCELLED, keeps the failure and is not tried again", async () => {
    const { old, again } = await keyedJob();
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, old.id);
    const replacement = await again("replace");

    const failed = { job: old.id, position: 1, fence, kind: "F" as const };
    expect(await checkpoint(sql.pool(), worker, [failed])).toMatchObject([
      { outcome: "written", stop: true, retry_in_ms: null },
    ]);
    expect(await checkpoint(sql.pool(), worker, [failed])).toMatchObject([{ outcome: "already there", attempts: 1 }]);

    expect(await readJob(sql, old.id)).toMatchObject({
      status: "CANCELLED",
      cancel_reason: `replaced by job ${replacement.id}`,
    });
    expect(await statuses(sql, old.id)).toStrictEqual(["CANCELLED", "CANCELLED", "CANCELLED", "CANCELLED"]);
    expect(
      await sql.rows("select error_message, next_attempt_at from ratchet.task_failures where job_id = $1", [old.id]),
    ).toStrictEqual([{ error_message: "it broke", next_attempt_at: null }]);
  });

  test("and it is in its last task, it is CANCELLED all the same", async () => {
    const { old, again } = await keyedJob();
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, old.id);
    await completeTasks(sql, worker, { job: old.id, fence, from: 1, to: 3 });
    await again("replace");
    await completeTasks(sql, worker, { job: old.id, fence, from: 4, to: 4 });
    expect(await readJob(sql, old.id)).toMatchObject({ status: "CANCELLED" });
  });

  test.each(["is handed back", "loses its worker"])(
    "and it %s after that, nothing of it starts again",
    async (what) => {
      const { old, again } = await keyedJob();
      const worker = await addWorker(sql);
      const { fence } = await claimOne(sql, worker, old.id);
      await again("replace");
      await (what === "is handed back"
        ? sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [old.id], [fence]])
        : sql.rows("select ratchet_private.release_worker($1)", [worker]));
      expect(await readJob(sql, old.id)).toMatchObject({ status: "CANCELLED", worker_id: null });
      expect(new Set(await statuses(sql, old.id))).toStrictEqual(new Set(["CANCELLED"]));
    },
  );

  test("unsafe_dedupe changes nothing and returns it", async () => {
    const { old, again } = await keyedJob();
    await claimOne(sql, await addWorker(sql), old.id);
    const running = await readJob(sql, old.id);
    expect(await again("unsafe_dedupe")).toStrictEqual(running);
    expect((await readTasks(sql, old.id)).map(({ stop_after }) => stop_after)).toStrictEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("while it waits for a retry", () => {
  test.each(REPLACING)("%s cancels it and adds a new job", async (mode) => {
    const { old, again } = await keyedJob();
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, old.id);
    await completeTasks(sql, worker, { job: old.id, fence, from: 1, to: 1 });
    await checkpoint(sql.pool(), worker, [{ job: old.id, position: 2, fence, kind: "F" }]);
    expect(await readWakeUps(sql, old.id)).toHaveLength(1);

    const replacement = await again(mode);

    expect(replacement.id).not.toBe(old.id);
    expect(await readJob(sql, old.id)).toMatchObject({
      status: "CANCELLED",
      job_key: null,
      next_attempt_at: null,
      cancel_reason: `replaced by job ${replacement.id}`,
    });
    expect(await statuses(sql, old.id)).toStrictEqual(["COMPLETED", "CANCELLED", "CANCELLED", "CANCELLED"]);
    expect(await readWakeUps(sql, old.id)).toStrictEqual([]);
    expect(await claim(sql.pool(), worker, [old.id])).toMatchObject([{ outcome: "finished" }]);
  });

  test("unsafe_dedupe changes nothing and returns it", async () => {
    const { old, again } = await keyedJob();
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, old.id);
    await checkpoint(sql.pool(), worker, [{ job: old.id, position: 1, fence, kind: "F" }]);
    const waiting = await readJob(sql, old.id);
    expect(await again("unsafe_dedupe")).toStrictEqual(waiting);
    expect(waiting.status).toBe("FAILED");
    expect(await readWakeUps(sql, old.id)).toHaveLength(1);
  });
});

describe("after it was handed back", () => {
  test.each(REPLACING)("%s cancels it and adds a new job", async (mode) => {
    const { old, again } = await keyedJob();
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, old.id);
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [old.id], [fence]]);
    const replacement = await again(mode);
    expect(replacement.id).not.toBe(old.id);
    expect(await readJob(sql, old.id)).toMatchObject({
      status: "CANCELLED",
      cancel_reason: `replaced by job ${replacement.id}`,
    });
    expect(await readWakeUps(sql, old.id)).toStrictEqual([]);
  });

  test("unsafe_dedupe returns it", async () => {
    const { old, again } = await keyedJob();
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, old.id);
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [old.id], [fence]]);
    expect(await again("unsafe_dedupe")).toMatchObject({ id: old.id, status: "RUNNING" });
  });
});

describe("after it has finished", () => {
  test.each(MODES)("%s adds a new job and leaves the old one its key", async (mode) => {
    const { old, again } = await keyedJob();
    await runJob(sql, await addWorker(sql), old.id);
    const finished = await readJob(sql, old.id);
    const next = await again(mode);
    expect(next).toMatchObject({ status: "PENDING", job_key: old.job_key });
    expect(next.id).not.toBe(old.id);
    expect(await readJob(sql, old.id)).toStrictEqual(finished);
  });

  test.each(MODES)("having failed for good, %s adds a new job", async (mode) => {
    const { old, again } = await keyedJob();
    const worker = await addWorker(sql);
    const { fence } = await claimOne(sql, worker, old.id);
    await checkpoint(sql.pool(), worker, [
      { job: old.id, position: 1, fence, kind: "F", failure: { can_retry: false } },
    ]);
    expect((await again(mode)).id).not.toBe(old.id);
    expect(await readJob(sql, old.id)).toMatchObject({ status: "FAILED" });
  });
});

test("a key is unique per tenant: the same key of another tenant is another job", async () => {
  const { old, again } = await keyedJob({ tenant: "one" });
  const other = await again("replace", { tenant: "two" });
  expect(other.id).not.toBe(old.id);
  expect(await readJob(sql, old.id)).toMatchObject({ status: "PENDING", payload: { images: ["a", "b"] } });
});

test("a mode that is refused leaves the job that has the key alone", async () => {
  const { old, again } = await keyedJob();
  await expect(again("replace", { payload: JSON.parse('{"images": 1}') })).rejects.toMatchObject({ code: "RT003" });
  expect(await readJob(sql, old.id)).toStrictEqual(old);
});

test.each(MODES)("20 sessions that add one key at once with %s leave exactly one unfinished job", async (mode) => {
  for (let round = 0; round < 5; round++) {
    const key = `crowd ${mode} ${round}`;
    const jobs = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        addJob(sql.pool(), { identifier: "single", payload: { n }, job_key: key, job_key_mode: mode }),
      ),
    );
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
    expect(
      await sql.value("select count(*)::int from ratchet.jobs where job_key = $1 and finished_at is null", [key]),
    ).toBe(1);
    expect(await statuses(sql, jobs[0]?.id ?? "")).toStrictEqual(["PENDING"]);
    expect(await readWakeUps(sql, jobs[0]?.id ?? "")).toHaveLength(1);
  }
});

test("a REPEATABLE READ caller whose snapshot misses the key gets 40001, never a second job and never a loop", async () => {
  await withSession(sql, async (session) => {
    await session.query("begin isolation level repeatable read; select 1 from ratchet.jobs limit 1");
    await addJob(sql.pool(), { identifier: "single", job_key: "snapshot" });
    await expect(addJob(session, { identifier: "single", job_key: "snapshot" })).rejects.toMatchObject({
      code: "40001",
    });
  });
  expect(await sql.value("select count(*)::int from ratchet.jobs where job_key = 'snapshot'")).toBe(1);
});
