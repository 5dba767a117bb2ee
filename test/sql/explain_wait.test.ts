import { describe, expect, test } from "vitest";

import {
  addSingle,
  addWorker,
  checkpoint,
  claimOne,
  pidOf,
  readJob,
  register,
  single,
  useSql,
  withSession,
} from "./fixtures.ts";

const sql = useSql();

const explain = async (id: string): Promise<string> =>
  (await sql.value<string>("select ratchet.explain_job($1)", [id])).replaceAll(/\b[\d.]+ s\b/gv, "N s");

/** A worker that is the only live one. */
async function onlyWorker(concurrency = 10, versions: readonly string[] = ["p1", "s1"]): Promise<number> {
  await sql.rows("update ratchet.workers set stopped_at = now() where stopped_at is null");
  const worker = await addWorker(sql, versions);
  await sql.rows("update ratchet.workers set concurrency = $2 where id = $1", [worker, concurrency]);
  return worker;
}

/** Makes a job due a while ago, but for what is said otherwise. */
async function addDue(given: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return (await addSingle(sql, { run_at: new Date(Date.now() - 60_000), ...given })).id;
}

/** Why a job waits, in the words for who may not know of processes and other tenants. */
const toldToTenant = (id: string): Promise<string> =>
  sql.value<string>("select ratchet_private.explain_wait(j, false) from ratchet.jobs j where j.id = $1", [id]);

const started = (id: string): string => `Job ${id} (single) has not started; 1 task is planned.`;

describe("a queue", () => {
  test("names the job of its that runs, and not one of another tenant's queue", async () => {
    const worker = await onlyWorker();
    const [first, other, second] = [
      await addDue({ queue_name: "slow" }),
      await addDue({ queue_name: "slow", tenant: "acme" }),
      await addDue({ queue_name: "slow" }),
    ];
    await claimOne(sql, worker, other);
    expect(await explain(second)).toBe(
      `${started(second)} It runs as soon as a worker has room and the jobs before it in queue "slow" are done; 1 live worker has handlers for it.`,
    );
    await claimOne(sql, worker, first);
    expect(await explain(second)).toBe(
      `${started(second)} It waits for job ${first}, which runs now: of queue "slow" one job runs at a time.`,
    );
  });

  test("holds up a retry that is due, too", async () => {
    const worker = await onlyWorker();
    const id = await addDue({ queue_name: "retried" });
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "F" }]);
    await sql.rows("update ratchet.jobs set next_attempt_at = now() - interval '1 s' where id = $1", [id]);
    expect(await explain(id)).toMatch(/It is to be tried again now and goes on there\. It runs as soon as a worker/v);
    const other = await addDue({ queue_name: "retried" });
    await claimOne(sql, worker, other);
    expect(await explain(id)).toMatch(
      new RegExp(`goes on there\\. It waits for job ${other}, which runs now: of queue "retried"`, "v"),
    );
  });
});

describe("room", () => {
  test("none: how much runs, and how much comes before it", async () => {
    await sql.rows("delete from ratchet.jobs");
    const worker = await onlyWorker(1);
    const [running, waits, urgent] = [await addDue(), await addDue(), await addDue({ priority: -1 })];
    await claimOne(sql, worker, running);
    expect(await explain(urgent)).toBe(
      `${started(urgent)} The live worker that has its handlers is busy: 1 job runs, as many as may at once.`,
    );
    expect(await explain(waits)).toBe(
      `${started(waits)} The live worker that has its handlers is busy: 1 job runs, as many as may at once. 1 due job is before it.`,
    );
    expect(await toldToTenant(waits)).toBe(
      "The live worker that has its handlers is busy with as many jobs as may run at once.",
    );
    await addWorker(sql);
    expect(await explain(waits)).toMatch(
      /It runs as soon as a worker has room; 2 live workers have handlers for it\.$/v,
    );
  });
});

test("only another version of its definition has handlers", async () => {
  await register(sql, [single({ identifier: "changed", version: "c1" })]);
  const { id } = await addSingle(sql, { identifier: "changed" });
  await register(sql, [single({ identifier: "changed", version: "c2" })]);
  await onlyWorker(10, ["c2"]);
  expect(await explain(id)).toMatch(
    /The only live worker has no handlers for version c1 of "changed", by which it was planned, only for another one: start a worker with the task folder of that version, or cancel this job and queue it again\.$/v,
  );
});

test("somebody's open transaction holds its row: whose, but not for tenants", async () => {
  await onlyWorker();
  const id = await addDue();
  await withSession(sql, async (session) => {
    await session.query("set application_name = 'pgAdmin'");
    await session.query("begin");
    await session.query("select from ratchet.tasks where job_id = $1 for update", [id]);
    const pid = await pidOf(session);
    await expect
      .poll(() => explain(id), { timeout: 20_000 })
      .toBe(
        `${started(id)} An open transaction has locked its rows for N s: no worker can take it before that ends. It belongs to Postgres process ${pid} (pgAdmin); if nobody ends it there, select pg_terminate_backend(${pid});`,
      );
    expect(await toldToTenant(id)).toBe(
      "An open transaction has locked its rows: no worker can take it before that ends.",
    );
  });
  expect(await explain(id)).toMatch(/It runs as soon as a worker has room/v);
});

test("nothing would wake a worker up", async () => {
  await onlyWorker();
  const id = await addDue();
  await sql.rows("select graphile_worker.remove_job('ratchet:' || $1::text)", [id]);
  expect(await explain(id)).toBe(
    `${started(id)} Nothing in the queue wakes a worker up for it: a live worker finds that within seconds and mends it.`,
  );
});

test("begun, then put off", async () => {
  const worker = await onlyWorker();
  const { id } = await addSingle(sql);
  const { fence } = await claimOne(sql, worker, id);
  await sql.rows("select ratchet_private.hand_back($1, array[$2::bigint], array[$3::integer])", [worker, id, fence]);
  expect(await readJob(sql, id)).toMatchObject({ status: "RUNNING", worker_id: null });
  await sql.rows("select ratchet.reschedule_job($1, now() + interval '3 h')", [id]);
  expect(await explain(id)).toBe(
    `Job ${id} (single) goes on at task 1 of 1, "The only task" in 3 h, with 0 of 1 task finished.`,
  );
});

test("a handler that has run for long can be stopped", async () => {
  const worker = await onlyWorker();
  const id = await addDue();
  const { fence } = await claimOne(sql, worker, id);
  await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "R", elapsedMs: 3 * 3_600_000 }]);
  expect(await explain(id)).toMatch(
    /and running for 3 h, with 0 of 1 task finished\. If that is too long, cancel the job: its handler is told to stop\.$/v,
  );
});
