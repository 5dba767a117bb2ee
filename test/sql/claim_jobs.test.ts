import { expect, test } from "vitest";

import { wakeUpKey } from "../support/schemas.ts";
import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claim,
  claimOne,
  completeTasks,
  readJob,
  readTasks,
  readWakeUps,
  register,
  runJob,
  single,
  statuses,
  useSql,
  withoutTriggers,
} from "./fixtures.ts";

const sql = useSql();
const later = new Date(Date.now() + 3_600_000);

const ownJob = (): Promise<string> =>
  sql.value<string>("select (ratchet_private.create_job('own', '{\"n\": 1}', 'default')).id");

test("a job's first claim returns payload, plan and policy, and touches no task", async () => {
  const worker = await addWorker(sql);
  const job = await addPublish(sql, ["a"], { max_attempts: 3, tenant: "acme" });
  const answer = await claimOne(sql, worker, job.id);
  expect(answer).toMatchObject({
    outcome: "claimed",
    fence: 1,
    identifier: "publish",
    version: "p1",
    tenant: "acme",
    first_position: 1,
    payload: { images: ["a"] },
    max_attempts: 3,
    created_at_ms: job.created_at.getTime(),
    holder: worker,
    plan: [
      [1, "validate", "validate", "Validate product", "PENDING", 0, null],
      [2, "upload[1]", "upload", "Upload image 1/1", "PENDING", 0, "a"],
      [3, "create", "create", "Create listing", "PENDING", 0, null],
    ],
  });
  expect(await readJob(sql, job.id)).toMatchObject({ status: "RUNNING", worker_id: worker, fence: 1 });
  expect(await readTasks(sql, job.id)).toMatchObject([{ status: "PENDING", fence: 0 }, { fence: 0 }, { fence: 0 }]);
});

test("a later claim marks the first unfinished task and raises the fence into it: who held the job before is refused", async () => {
  const worker = await addWorker(sql);
  const job = await addPublish(sql, ["a"]);
  const { fence } = await claimOne(sql, worker, job.id);
  await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [job.id], [fence]]);
  const again = await claimOne(sql, worker, job.id);
  expect(again.plan?.map((task) => task[4])).toStrictEqual(["RUNNING", "PENDING", "PENDING"]);
  expect(await readTasks(sql, job.id)).toMatchObject([
    { status: "RUNNING", fence: again.fence },
    { fence: 0 },
    { fence: 0 },
  ]);
  expect(await checkpoint(sql.pool(), worker, [{ job: job.id, position: 1, fence, kind: "C" }])).toMatchObject([
    { outcome: "refused" },
  ]);
});

test("max_attempts comes from the definition where the job has none", async () => {
  expect(await claimOne(sql, await addWorker(sql), (await addSingle(sql)).id)).toMatchObject({ max_attempts: 5 });
});

test("a claim after a failure starts at the failed task, keeps what is finished and forgets the error", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql, ["a"], { retry_delay: "0" });
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
  await checkpoint(sql.pool(), worker, [{ job: id, position: 2, fence, kind: "F" }]);
  const before = await readTasks(sql, id);
  const again = await claimOne(sql, worker, id);
  expect(again).toMatchObject({ first_position: 2, fence: fence + 1 });
  const after = await readTasks(sql, id);
  expect(after[0]).toStrictEqual(before[0]);
  expect(after[1]).toMatchObject({ status: "RUNNING", error_message: null, attempts: 1 });
  expect(await readJob(sql, id)).toMatchObject({
    status: "RUNNING",
    next_attempt_at: null,
    started_at: (await readJob(sql, id)).started_at,
  });
});

test("each job that is not claimed is answered with why, and nothing of it changes", async () => {
  const worker = await addWorker(sql);
  await register(sql, [single({ identifier: "unknown", version: "u1" })]);
  const [done, held, notDue, retry, unknown, own, contradictory, free] = [
    await addSingle(sql),
    await addSingle(sql),
    await addSingle(sql, { run_at: later }),
    await addSingle(sql),
    await addSingle(sql, { identifier: "unknown" }),
    { id: await ownJob() },
    await addSingle(sql),
    await addSingle(sql),
  ];
  await runJob(sql, worker, done.id);
  await claimOne(sql, worker, held.id);
  const { fence } = await claimOne(sql, worker, retry.id);
  await checkpoint(sql.pool(), worker, [{ job: retry.id, position: 1, fence, kind: "F" }]);
  await sql.rows("select ratchet_private.create_tasks($1, array['a'])", [own.id]);
  await withoutTriggers(sql, (session) =>
    session.query("update ratchet.tasks set status = 'SKIPPED', completed_at = now() where job_id = $1", [
      contradictory.id,
    ]),
  );
  const ids = [done, held, notDue, retry, unknown, own, contradictory].map(({ id }) => id);
  const before = await sql.rows("select * from ratchet.jobs where id = any ($1) order by id", [ids]);

  const answers = await claim(sql.pool(), worker, [...ids, "987654321", free.id, free.id]);

  expect(answers.map(({ outcome }) => outcome)).toStrictEqual([
    "finished",
    "held",
    "not due",
    "not due",
    "unknown version",
    "not queued",
    "contradictory",
    "missing",
    "claimed",
  ]);
  expect(answers[1]).toMatchObject({ holder: worker, fence: 1, plan: null, payload: null });
  expect(answers[7]).toMatchObject({ job_id: "987654321", holder: null, fence: null });
  expect(await sql.rows("select * from ratchet.jobs where id = any ($1) order by id", [ids])).toStrictEqual(before);
});

test("an order claims a job outside the queue, not due or FAILED, but not one that is held or COMPLETED", async () => {
  const worker = await addWorker(sql);
  const id = await ownJob();
  await sql.rows("select ratchet_private.create_tasks($1, array['a', 'b'])", [id]);
  const order = async (): Promise<string | undefined> =>
    (await claim(sql.pool(), worker, [id], { isOrder: true }))[0]?.outcome;
  expect(await order()).toBe("claimed");
  expect(await order()).toBe("held");
  await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence: 1, kind: "F" }]);
  expect(await readJob(sql, id)).toMatchObject({ status: "FAILED", next_attempt_at: null });
  expect(await order()).toBe("claimed");
  expect(await readJob(sql, id)).toMatchObject({ status: "RUNNING", finished_at: null });
  await completeTasks(sql, worker, { job: id, fence: 2, from: 1, to: 2 });
  expect(await order()).toBe("finished");
  expect(await readWakeUps(sql, id)).toStrictEqual([]);
});

test("settle sets a contradictory job right", async () => {
  const { id } = await addSingle(sql);
  await withoutTriggers(sql, (session) =>
    session.query("update ratchet.tasks set status = 'SKIPPED', completed_at = now() where job_id = $1", [id]),
  );
  await sql.rows("select ratchet_private.settle($1)", [id]);
  expect(await readJob(sql, id)).toMatchObject({ status: "COMPLETED" });
  const before = await readJob(sql, id);
  await sql.rows("select ratchet_private.settle($1)", [id]);
  expect(await readJob(sql, id)).toStrictEqual(before);
});

test("hand_back frees the worker's own claims, uncounted, with wake-ups, and leaves all others alone", async () => {
  const [worker, other] = [await addWorker(sql), await addWorker(sql)];
  const [mine, stale, theirs] = [await addPublish(sql), await addPublish(sql), await addPublish(sql)];
  const claims = await claim(sql.pool(), worker, [mine.id, stale.id]);
  await claimOne(sql, other, theirs.id);
  await checkpoint(sql.pool(), worker, [{ job: mine.id, position: 1, fence: 1, kind: "R", progress: 0.5 }]);
  await sql.rows("delete from graphile_worker._private_jobs");

  expect(
    await sql.value("select ratchet_private.hand_back($1, $2, $3, '5 s')", [
      worker,
      [mine.id, stale.id, theirs.id],
      [claims[0]?.fence, (claims[1]?.fence ?? 0) - 1, 1],
    ]),
  ).toBe(1);

  expect(await readJob(sql, mine.id)).toMatchObject({ status: "RUNNING", worker_id: null, fence: 2 });
  expect((await readTasks(sql, mine.id))[0]).toMatchObject({
    status: "PENDING",
    attempts: 0,
    fence: 2,
    started_at: null,
    progress: null,
  });
  const [wakeUp] = await readWakeUps(sql, mine.id);
  expect((wakeUp?.run_at.getTime() ?? 0) - Date.now()).toBeGreaterThan(3000);
  expect(await readJob(sql, stale.id)).toMatchObject({ worker_id: worker });
  expect(await readJob(sql, theirs.id)).toMatchObject({ worker_id: other });
  expect(await readWakeUps(sql, theirs.id)).toStrictEqual([]);
});

test("release_worker frees its jobs and graphile-worker rows, twice without harm, and ends it", async () => {
  const worker = await addWorker(sql);
  await sql.rows("select ratchet_private.beat($1, array['pool-x'])", [worker]);
  const [one, two] = [await addPublish(sql), await addSingle(sql)];
  await sql.rows(
    "update graphile_worker._private_jobs set locked_by = 'pool-x', locked_at = now(), attempts = 1 where key = any ($1)",
    [[one, two].map(({ id }) => wakeUpKey(id))],
  );
  await claim(sql.pool(), worker, [one.id, two.id]);
  expect(await sql.value("select ratchet_private.release_worker($1)", [worker])).toBe(2);
  expect(await sql.value("select ratchet_private.release_worker($1)", [worker])).toBe(0);
  expect(await sql.value("select ratchet_private.release_worker(-1)")).toBe(0);
  for (const { id } of [one, two]) {
    expect(await readJob(sql, id)).toMatchObject({ worker_id: null, status: "RUNNING" });
    expect(await readWakeUps(sql, id)).toMatchObject([{ locked_by: null }]);
  }
  expect(await sql.value("select stopped_at is not null from ratchet.workers where id = $1", [worker])).toBe(true);
  expect(await statuses(sql, two.id)).toStrictEqual(["PENDING"]);
});
