import { describe, expect, test } from "vitest";

import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claimOne,
  completeTasks,
  errorOf,
  readJob,
  readTasks,
  readWakeUps,
  register,
  single,
  statuses,
  type Task,
  useSql,
} from "./fixtures.ts";

const sql = useSql();

async function claimed(images?: readonly string[]): Promise<{ job: string; fence: number; worker: number }> {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql, images);
  const { fence } = await claimOne(sql, worker, id);
  return { job: id, fence, worker };
}

const firstTask = async (job: string): Promise<Task | undefined> => (await readTasks(sql, job))[0];
const failuresOf = (job: string): Promise<Record<string, unknown>[]> =>
  sql.rows("select * from ratchet.task_failures where job_id = $1 order by id", [job]);

describe("COMPLETED", () => {
  test("is written with result, times and one counted try; the last one completes the job", async () => {
    const { job, fence, worker } = await claimed([]);
    expect(
      await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind: "C", result: { ok: [1] } }]),
    ).toStrictEqual([{ item: 1, outcome: "written", stop: false, retry_in_ms: null, attempts: null }]);
    expect(await firstTask(job)).toMatchObject({
      status: "COMPLETED",
      attempts: 1,
      result: { ok: [1] },
      progress: null,
      fence,
    });
    expect(await readJob(sql, job)).toMatchObject({ status: "RUNNING", worker_id: worker, finished_at: null });
    await completeTasks(sql, worker, { job, fence, from: 2, to: 2 });
    expect(await readJob(sql, job)).toMatchObject({ status: "COMPLETED", worker_id: null, next_attempt_at: null });
  });

  test("without a RUNNING mark before it has started_at from the elapsed time", async () => {
    const { job, fence, worker } = await claimed([]);
    await completeTasks(sql, worker, { job, fence, from: 1, to: 1 });
    await checkpoint(sql.pool(), worker, [{ job, position: 2, fence, kind: "C", elapsedMs: 90 }]);
    const task = (await readTasks(sql, job))[1];
    expect((task?.completed_at?.getTime() ?? 0) - (task?.started_at?.getTime() ?? 0)).toBe(90);
  });

  test("of nothing has the result null, which is not JSON's null", async () => {
    const { job, fence, worker } = await claimed([]);
    await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind: "C" }]);
    await checkpoint(sql.pool(), worker, [{ job, position: 2, fence, kind: "C", result: null }]);
    expect(
      await sql.rows(
        "select position, result is null as nothing, result::text from ratchet.tasks where job_id = $1 order by position",
        [job],
      ),
    ).toStrictEqual([
      { position: 1, nothing: true, result: null },
      { position: 2, nothing: false, result: "null" },
    ]);
  });

  test("is already there when asked again, and counts no second try", async () => {
    const { job, fence, worker } = await claimed();
    const item = { job, position: 1, fence, kind: "C" as const, result: 1 };
    await checkpoint(sql.pool(), worker, [item]);
    expect(await checkpoint(sql.pool(), worker, [item])).toMatchObject([{ outcome: "already there", attempts: 1 }]);
    expect(await firstTask(job)).toMatchObject({ attempts: 1, result: 1 });
  });
});

describe("RUNNING", () => {
  test("is written with progress, and keeps the start", async () => {
    const { job, fence, worker } = await claimed();
    await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind: "R" }]);
    const before = await firstTask(job);
    await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind: "R", progress: 0.25 }]);
    expect(await firstTask(job)).toMatchObject({
      status: "RUNNING",
      progress: 0.25,
      started_at: before?.started_at,
      attempts: 0,
    });
  });

  test("that comes late undoes no end, neither COMPLETED nor FAILED", async () => {
    const { job, fence, worker } = await claimed();
    await completeTasks(sql, worker, { job, fence, from: 1, to: 1 });
    const failed = await claimed();
    await checkpoint(sql.pool(), failed.worker, [{ ...failed, position: 1, kind: "F" }]);
    const [completedJob, failedJob] = [await readJob(sql, job), await readJob(sql, failed.job)];
    expect(
      await checkpoint(sql.pool(), worker, [
        { job, position: 1, fence, kind: "R" },
        { job: failed.job, position: 1, fence: failed.fence, kind: "R" },
      ]),
    ).toMatchObject([{ outcome: "already there" }, { outcome: "already there" }]);
    expect(await firstTask(job)).toMatchObject({ status: "COMPLETED" });
    expect(await firstTask(failed.job)).toMatchObject({ status: "FAILED", error_message: "it broke" });
    expect(await readJob(sql, job)).toStrictEqual(completedJob);
    expect(await readJob(sql, failed.job)).toStrictEqual(failedJob);
  });
});

describe("FAILED", () => {
  test("sets task, job, retry, failure and wake-up in one commit", async () => {
    const { job, fence, worker } = await claimed();
    const [answer] = await checkpoint(sql.pool(), worker, [
      {
        job,
        position: 1,
        fence,
        kind: "F",
        elapsedMs: 40,
        failure: { error_name: "TypeError", error_message: "no", error_code: "ECONNRESET", error_stack: "at x" },
      },
    ]);
    expect(answer).toStrictEqual({ item: 1, outcome: "written", stop: false, retry_in_ms: 30_000, attempts: 1 });
    const failedJob = await readJob(sql, job);
    expect(failedJob).toMatchObject({ status: "FAILED", worker_id: null, finished_at: null });
    expect(await firstTask(job)).toMatchObject({ status: "FAILED", attempts: 1, error_message: "no", fence });
    const [failure] = await failuresOf(job);
    expect(failure).toMatchObject({
      position: 1,
      fence,
      attempt: 1,
      counted: true,
      error_name: "TypeError",
      error_message: "no",
      error_code: "ECONNRESET",
      error_stack: "at x",
      worker_id: worker,
      next_attempt_at: failedJob.next_attempt_at,
    });
    expect(((failure ?? {})["failed_at"] as Date).getTime() - ((failure ?? {})["started_at"] as Date).getTime()).toBe(
      40,
    );
    expect((failedJob.next_attempt_at?.getTime() ?? 0) - ((failure ?? {})["failed_at"] as Date).getTime()).toBe(30_000);
    expect(await readWakeUps(sql, job)).toMatchObject([{ run_at: failedJob.next_attempt_at }]);
  });

  test("is already there when asked again: no second try, no second failure, the same wait", async () => {
    const { job, fence, worker } = await claimed();
    const item = { job, position: 1, fence, kind: "F" as const };
    await checkpoint(sql.pool(), worker, [item]);
    expect(await checkpoint(sql.pool(), worker, [item])).toStrictEqual([
      { item: 1, outcome: "already there", stop: false, retry_in_ms: expect.closeTo(30_000, -3), attempts: 1 },
    ]);
    expect(await failuresOf(job)).toHaveLength(1);
  });

  test("leaves no end to be written under the same claim", async () => {
    const { job, fence, worker } = await claimed();
    await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind: "F" }]);
    expect(await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind: "C" }])).toMatchObject([
      { outcome: "refused" },
    ]);
    expect(await statuses(sql, job)).toStrictEqual(["FAILED", "PENDING", "PENDING", "PENDING", "PENDING"]);
  });

  test.each([
    ["can_retry is false", { can_retry: false }],
    ["it was the last counted try", {}],
  ])("is for good when %s", async (_, failure) => {
    const worker = await addWorker(sql);
    const { id: job } = await addSingle(sql, { max_attempts: Object.keys(failure).length === 0 ? 1 : 5 });
    const { fence } = await claimOne(sql, worker, job);
    expect(await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind: "F", failure }])).toMatchObject([
      { outcome: "written", retry_in_ms: null },
    ]);
    const ended = await readJob(sql, job);
    expect(ended).toMatchObject({ status: "FAILED", next_attempt_at: null });
    expect(ended.finished_at).not.toBeNull();
  });

  test("uncounted never exhausts the tries", async () => {
    const worker = await addWorker(sql);
    const { id: job } = await addSingle(sql, { max_attempts: 1 });
    const { fence } = await claimOne(sql, worker, job);
    expect(
      await checkpoint(sql.pool(), worker, [
        { job, position: 1, fence, kind: "F", failure: { counted: false, delay_ms: 1500 } },
      ]),
    ).toMatchObject([{ outcome: "written", retry_in_ms: 1500, attempts: 0 }]);
    expect(await readJob(sql, job)).toMatchObject({ status: "FAILED", finished_at: null });
  });

  test("counts the tries of each task for itself", async () => {
    const worker = await addWorker(sql);
    const { id: job } = await addPublish(sql, [], { max_attempts: 2, retry_delay: "0 s" });
    for (const position of [1, 2]) {
      const { fence } = await claimOne(sql, worker, job);
      await checkpoint(sql.pool(), worker, [{ job, position, fence, kind: "F" }]);
      const again = await claimOne(sql, worker, job);
      expect(again).toMatchObject({ first_position: position });
      await checkpoint(sql.pool(), worker, [{ job, position, fence: again.fence, kind: "C" }]);
      await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [job], [again.fence]]);
    }
    expect(await readTasks(sql, job)).toMatchObject([
      { status: "COMPLETED", attempts: 2 },
      { status: "COMPLETED", attempts: 2 },
    ]);
  });

  test("with a delay beyond all time waits ten years and can be written", async () => {
    const { job, fence, worker } = await claimed();
    expect(
      await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind: "F", failure: { delay_ms: 1e300 } }]),
    ).toMatchObject([{ outcome: "written", retry_in_ms: expect.closeTo(10 * 365.25 * 86_400_000, -9) }]);
  });

  test("uses the job's own policy before the definition's", async () => {
    await register(sql, [
      single({ identifier: "backoff", version: "b1", retry_delay: "10 s", retry_backoff: 3, max_attempts: 9 }),
    ]);
    const worker = await addWorker(sql, ["b1"]);
    const own = await addSingle(sql, { identifier: "backoff", retry_delay: "1 s" });
    const defined = await addSingle(sql, { identifier: "backoff" });
    const waits: (number | null | undefined)[] = [];
    for (const { id: job } of [own, defined]) {
      for (let attempt = 0; attempt < 2; attempt++) {
        await sql.rows(
          "update ratchet.jobs set next_attempt_at = now() where id = $1 and next_attempt_at is not null",
          [job],
        );
        const { rows } = await sql
          .pool()
          .query<{ fence: number }>("select fence from ratchet_private.claim_jobs($1, $2, array['b1'])", [
            worker,
            [job],
          ]);
        const [answer] = await checkpoint(sql.pool(), worker, [
          { job, position: 1, fence: rows[0]?.fence ?? 0, kind: "F" },
        ]);
        waits.push(answer?.retry_in_ms);
      }
    }
    expect(waits).toStrictEqual([1000, 3000, 10_000, 30_000]);
  });
});

describe("the fence", () => {
  test("of an older claim writes nothing", async () => {
    const { job, fence, worker } = await claimed();
    await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [job], [fence]]);
    const { fence: newer } = await claimOne(sql, await addWorker(sql), job);
    expect(newer).toBeGreaterThan(fence);
    const before = await readTasks(sql, job);
    for (const kind of ["C", "R", "F"] as const) {
      expect(await checkpoint(sql.pool(), worker, [{ job, position: 1, fence, kind }])).toMatchObject([
        { outcome: "refused" },
      ]);
    }
    expect(await readTasks(sql, job)).toStrictEqual(before);
    expect(await failuresOf(job)).toStrictEqual([]);
  });

  test("of the same claim is refused for a task that somebody else has ended", async () => {
    const { job, fence, worker } = await claimed();
    await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and position = 2", [job]);
    for (const kind of ["C", "R", "F"] as const) {
      expect(await checkpoint(sql.pool(), worker, [{ job, position: 2, fence, kind }])).toMatchObject([
        { outcome: "refused" },
      ]);
    }
  });
});

describe("a batch", () => {
  test("of ends that need no more words is answered by one row, and one after which to stop by its own", async () => {
    const [a, b, c] = [await claimed(), await claimed(), await claimed()];
    await sql.rows("update ratchet.tasks set stop_after = true where job_id = $1 and position = 1", [b.job]);
    const { rows } = await sql
      .pool()
      .query("select item, items, outcome, stop from ratchet_private.checkpoint($1, $2, $3, $4, $5, $6, $7, $8)", [
        a.worker,
        [a.job, b.job, c.job],
        [1, 1, 1],
        [a.fence, b.fence, c.fence],
        ["C", "C", "C"],
        [1, 1, 1],
        null,
        null,
      ]);
    expect(rows).toStrictEqual([
      { item: null, items: 2, outcome: "written", stop: false },
      { item: 2, items: 1, outcome: "written", stop: true },
    ]);
  });

  test("answers each item for itself", async () => {
    const [a, b, c, d] = [await claimed(), await claimed(), await claimed(), await claimed()];
    await checkpoint(sql.pool(), a.worker, [{ ...a, position: 1, kind: "C" }]);
    await checkpoint(sql.pool(), d.worker, [{ ...d, position: 1, kind: "R" }]);
    const answers = await checkpoint(sql.pool(), a.worker, [
      { ...a, position: 1, kind: "C" },
      { ...b, position: 1, kind: "F" },
      { ...c, position: 1, kind: "R", progress: 0.5 },
      { ...d, position: 1, fence: d.fence - 1, kind: "C" },
      { job: "123456789", position: 1, fence: 1, kind: "F" },
      { job: "123456789", position: 1, fence: 1, kind: "C" },
    ]);
    expect(answers.map(({ outcome }) => outcome)).toStrictEqual([
      "already there",
      "written",
      "written",
      "refused",
      "refused",
      "refused",
    ]);
  });

  test("with a mark and an end of one task either writes the end or is refused whole", async () => {
    for (const kinds of [
      ["R", "C"],
      ["C", "R"],
    ] as const) {
      const { job, fence, worker } = await claimed();
      const refusal = await checkpoint(
        sql.pool(),
        worker,
        kinds.map((kind) => ({ job, position: 1, fence, kind })),
      ).then(
        () => "written",
        (error: unknown) => (error as Error).message,
      );
      const [status] = await statuses(sql, job);
      // Which of two rows for one task Postgres takes is left to chance.
      expect([
        ["written", "COMPLETED"],
        [`Task 1 of job ${job} is in one batch twice.`, "PENDING"],
      ]).toContainEqual([refusal, status]);
    }
  });

  test("that Postgres refuses for one value writes nothing", async () => {
    const [a, b] = [await claimed(), await claimed()];
    const write = sql.rows("select * from ratchet_private.checkpoint($1, $2, $3, $4, $5, $6, $7, $8, null)", [
      a.worker,
      [a.job, b.job],
      [1, 1],
      [a.fence, b.fence],
      ["C", "C"],
      [1, 1],
      [null, null],
      ['{"fine": 1}', String.raw`"\u0000"`],
    ]);
    expect(await errorOf(write)).toMatchObject({ code: "22P05" });
    expect(await firstTask(a.job)).toMatchObject({ status: "PENDING" });
  });
});
