import { describe, expect, test } from "vitest";

import { findPsql, run } from "../support/programs.ts";
import { addPublish, addWorker, checkpoint, claimOne, completeTasks, useSql } from "./fixtures.ts";

const sql = useSql();
const psql = findPsql();
const SCREEN = 100;

/** A job that was tried in vain, its texts as long and odd as they get. */
async function addOddJob(): Promise<string> {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
  await checkpoint(sql.pool(), worker, [
    {
      job: id,
      position: 2,
      fence,
      kind: "F",
      failure: { error_message: `line one\nline two\u0007\r\n${"öüé ".repeat(100_000)}`, can_retry: true },
    },
  ]);
  await sql.rows(
    "update ratchet.tasks set name = repeat('Upload everything ', 40) where job_id = $1 and position = 3",
    [id],
  );
  await sql.rows("update ratchet.workers set host = repeat('host-', 40) where id = $1", [worker]);
  return id;
}

test("a task's line: how long its last try took, and why it failed", async () => {
  const id = await addOddJob();
  await sql.rows(
    "update ratchet.tasks set started_at = completed_at - interval '11 ms' where job_id = $1 and position = 1",
    [id],
  );
  const [first, second, third] = await sql.rows(
    "select task, status, tries, took, error from ratchet.task_overview where job_id = $1 order by position",
    [id],
  );
  expect(first).toStrictEqual({ task: "Validate product", status: "COMPLETED", tries: 1, took: "11 ms", error: "" });
  expect(second).toMatchObject({ status: "FAILED", tries: 1, took: "", error: "line one line two öüé…" });
  expect(third).toMatchObject({ task: "Upload everything Uplo…", status: "PENDING", tries: 0, took: "" });
});

test("a task that ended before it began, by a clock that was set back, took no time", async () => {
  const id = await addOddJob();
  await sql.rows(
    "update ratchet.tasks set started_at = completed_at + interval '1 min' where job_id = $1 and position = 1",
    [id],
  );
  expect(await sql.value("select took from ratchet.task_overview where job_id = $1 and position = 1", [id])).toBe(
    "0 ms",
  );
});

test("a running task's line says for how long", async () => {
  const { id } = await addPublish(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "R" }]);
  await sql.rows(
    "update ratchet.tasks set started_at = started_at - interval '5 min' where job_id = $1 and position = 1",
    [id],
  );
  expect(await sql.value("select took from ratchet.task_overview where job_id = $1 and position = 1", [id])).toBe(
    "5 min …",
  );
});

test("a worker's line: what it has of how many at once; none once it has stopped", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  await claimOne(sql, worker, id);
  await sql.rows(
    "update ratchet.workers set concurrency = 7, beat_at = ratchet_private.clock_now() - interval '3 h' where id = $1",
    [worker],
  );
  const lines = (): Promise<Record<string, unknown>[]> =>
    sql.rows("select runs, last_sign from ratchet.worker_overview where id = $1", [worker]);
  expect(await lines()).toStrictEqual([{ runs: "1 of 7", last_sign: "3 h ago" }]);
  await sql.rows("update ratchet.workers set stopped_at = ratchet_private.clock_now() where id = $1", [worker]);
  expect(await lines()).toStrictEqual([]);
});

test("a definition's line is what queue_stats says of the last hour", async () => {
  await addOddJob();
  expect(
    await sql.rows(
      "select identifier, running, waiting, later, will_retry, completed, failed from ratchet.queue_overview order by identifier",
    ),
  ).toStrictEqual(
    await sql.rows(
      "select identifier, running, waiting, scheduled as later, will_retry, completed, failed_for_good as failed from ratchet.queue_stats(60) order by identifier",
    ),
  );
});

describe.runIf(psql !== null)("in psql", () => {
  test.each(["job_overview", "task_overview", "worker_overview", "queue_overview"])(
    "%s is no wider than 100 columns, a line each",
    async (view) => {
      await addOddJob();
      const rows = await sql.value<string>(`select count(*) from ratchet.${view}`);
      // The schema can have another name.
      const name = await sql.value<string>(`select 'ratchet.${view}'::regclass::text`);
      const output = await run(psql ?? "", [sql.url(), "-X", "-c", `select * from ${name}`]);
      const lines = output.trimEnd().split("\n");
      expect(Number(rows)).toBeGreaterThan(0);
      // A heading, a rule, and how many there are.
      expect(lines).toHaveLength(Number(rows) + 3);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(SCREEN);
    },
  );
});
