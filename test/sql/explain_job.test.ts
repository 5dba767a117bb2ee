import { describe, expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import {
  addPublish,
  addSingle,
  addWorker,
  checkpoint,
  claimOne,
  completeTasks,
  errorOf,
  runJob,
  useSql,
  withoutTriggers,
} from "./fixtures.ts";
import { cancel, fail, retry, scrub } from "./orders.ts";

const sql = useSql();

const explain = async (id: string): Promise<string> =>
  (await sql.value<string>("select ratchet.explain_job($1)", [id])).replaceAll(/\b[\d.]+ s\b/gv, "N s");

/** Sets how many live workers there are, all of them knowing these versions. */
async function setWorkers(count: number, versions: readonly string[] = ["p1", "s1"]): Promise<number> {
  await sql.rows("update ratchet.workers set stopped_at = now()");
  let last = 0;
  for (let n = 0; n < count; n++) {
    last = await addWorker(sql, versions);
  }
  return last;
}

test("an unknown job (RT013)", async () => {
  expect(await errorOf(explain("999"))).toMatchObject({
    code: "RT013",
    message: "There is no job 999.",
    hint: named("See which there are: select * from ratchet.job_overview order by id desc limit 20;"),
  });
});

describe("not started", () => {
  test("without a worker", async () => {
    await setWorkers(0);
    const { id } = await addSingle(sql);
    expect(await explain(id)).toBe(
      `Job ${id} (single) has not started; 1 task is planned. No worker is alive: start one with "ratchet worker".`,
    );
  });

  test("with workers that know it", async () => {
    await setWorkers(1);
    const { id } = await addPublish(sql);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) has not started; 5 tasks are planned. It runs as soon as a worker has room; 1 live worker has handlers for it.`,
    );
    await setWorkers(2);
    const queued = await addPublish(sql, [], { queue_name: "slow" });
    expect(await explain(queued.id)).toBe(
      `Job ${queued.id} (publish) has not started; 2 tasks are planned. It runs as soon as a worker has room and the jobs before it in queue "slow" are done; 2 live workers have handlers for it.`,
    );
  });

  test("with workers that do not know it", async () => {
    await setWorkers(1, ["other"]);
    const { id } = await addSingle(sql);
    expect(await explain(id)).toMatch(
      /The only live worker has no handlers for "single": start one whose task folder has them, with "ratchet worker"\.$/v,
    );
    await setWorkers(3, ["other"]);
    expect(await explain(id)).toMatch(
      /None of the 3 live workers has handlers for "single": start one whose task folder has them, with "ratchet worker"\.$/v,
    );
  });

  test("and not due", async () => {
    await setWorkers(1);
    const { id } = await addPublish(sql, [], { run_at: new Date(Date.now() + 3 * 3_600_000) });
    expect(await explain(id)).toBe(`Job ${id} (publish) has not started: it is to run in 3 h, with 2 tasks.`);
    await setWorkers(0);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) has not started: it is to run in 3 h, with 2 tasks. No worker is alive: start one with "ratchet worker".`,
    );
  });
});

describe("held", () => {
  test("and running", async () => {
    const worker = await setWorkers(1);
    const { id } = await addPublish(sql);
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "R" }]);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) is at task 1 of 5, "Validate product" (try 1 of 5), held by worker ${worker} (test-host, process 1) and running for N s, with 0 of 5 tasks finished.`,
    );
    await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
    expect(await explain(id)).toBe(
      `Job ${id} (publish) is at task 2 of 5, "Upload image 1/3" (try 1 of 5), held by worker ${worker} (test-host, process 1), with 1 of 5 tasks finished.`,
    );
  });

  test("by a worker that is silent, or unknown", async () => {
    const worker = await setWorkers(1);
    const { id } = await addSingle(sql, { max_attempts: 3 });
    await claimOne(sql, worker, id);
    await sql.rows("update ratchet.workers set beat_at = clock_timestamp() - interval '40 s' where id = $1", [worker]);
    expect(await explain(id)).toBe(
      `Job ${id} (single) is at task 1 of 1, "The only task" (try 1 of 3), held by worker ${worker} (test-host, process 1), which has been silent for N s, with 0 of 1 task finished. No other worker is alive: it goes on as soon as one starts, with "ratchet worker".`,
    );
    await addWorker(sql);
    expect(await explain(id)).toMatch(/ Another worker takes it over within seconds\.$/v);
    await sql.rows("delete from ratchet.workers where id = $1", [worker]);
    expect(await explain(id)).toBe(
      `Job ${id} (single) is at task 1 of 1, "The only task" (try 1 of 3), held by worker ${worker}, which nobody knows, with 0 of 1 task finished. The sweep of a live worker frees it.`,
    );
    await cancel(sql.pool(), id);
    expect(await retry(sql.pool(), id)).toMatchObject({ status: "RUNNING", worker_id: null });
  });

  test("by a worker whose connections are there, but which is frozen or cut off", async () => {
    const connection = await sql.pool().connect();
    try {
      const { rows } = await connection.query<{ id: number }>(
        "select ratchet_private.register_worker('test-host', 1, '0.1.0', 3, '{v1}') as id",
      );
      const worker = Number(rows[0]?.id);
      const { id } = await addSingle(sql, { max_attempts: 3 });
      await claimOne(sql, worker, id);
      await sql.rows("update ratchet.workers set beat_at = clock_timestamp() - interval '9 s' where id = $1", [worker]);
      expect(await explain(id)).toBe(
        `Job ${id} (single) is at task 1 of 1, "The only task" (try 1 of 3), held by worker ${worker} (test-host, process 1), which has been silent for N s, with 0 of 1 task finished. It is taken for dead after N s.`,
      );
    } finally {
      connection.release(true);
    }
  });

  test("by a worker that took it over from a dead one, and as a suspect", async () => {
    const worker = await setWorkers(1);
    const { id } = await addSingle(sql, { max_attempts: 3 });
    const kill = async (): Promise<number> => {
      const dead = await addWorker(sql);
      await claimOne(sql, dead, id);
      await sql.rows("select ratchet_private.rescue_worker($1)", [dead]);
      return dead;
    };
    const first = await kill();
    expect(await explain(id)).toBe(
      `Job ${id} (single) goes on at task 1 of 1, "The only task", with 0 of 1 task finished. Worker ${first}, which had it before, died N s ago. It runs as soon as a worker has room; 1 live worker has handlers for it.`,
    );
    const second = await kill();
    expect(await explain(id)).toMatch(
      /1 live worker has handlers for it\. 2 workers died while they ran this task, so it may be what ends them, by taking all the memory for example: a worker runs one such job at a time, and each further death is a failed try\.$/v,
    );
    await claimOne(sql, worker, id);
    expect(await explain(id)).toMatch(
      new RegExp(
        `with 0 of 1 task finished\\. Worker ${second}, which had it before, died N s ago; this one took it over\\. 2 workers died while they ran this task`,
        "v",
      ),
    );
  });

  test("and replaced meanwhile", async () => {
    const worker = await setWorkers(1);
    const { id } = await addPublish(sql, [], { job_key: "k" });
    await claimOne(sql, worker, id);
    const { id: next } = await addPublish(sql, [], { job_key: "k" });
    expect(await explain(id)).toMatch(
      new RegExp(`, with 0 of 2 tasks finished\\. It stops after this task: replaced by job ${next}\\.$`, "v"),
    );
  });
});

describe("failed", () => {
  test("and to be tried again", async () => {
    const worker = await setWorkers(1);
    const { id } = await addPublish(sql);
    const { fence } = await claimOne(sql, worker, id);
    await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
    await checkpoint(sql.pool(), worker, [
      { job: id, position: 3, fence, kind: "F", failure: { error_message: "connection refused" } },
    ]);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) FAILED at task 3 of 5, "Upload image 2/3" (try 1 of 5): connection refused. It is tried again in N s and goes on there; the 2 tasks that are finished are not run again.`,
    );
    await sql.rows("update ratchet.jobs set next_attempt_at = now() - interval '1 s' where id = $1", [id]);
    await setWorkers(0);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) FAILED at task 3 of 5, "Upload image 2/3" (try 1 of 5): connection refused. It is to be tried again now and goes on there; the 2 tasks that are finished are not run again. No worker is alive: start one with "ratchet worker".`,
    );
  });

  test("in an uncounted try of the first task", async () => {
    const worker = await setWorkers(1);
    const { id } = await addPublish(sql);
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [
      { job: id, position: 1, fence, kind: "F", failure: { counted: false, error_message: "Too many requests!" } },
    ]);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) FAILED at task 1 of 5, "Validate product" (no try of 5 counted yet): Too many requests! It is tried again in N s and goes on there.`,
    );
  });

  test("for good", async () => {
    const worker = await setWorkers(1);
    const { id } = await addPublish(sql);
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "F", failure: { can_retry: false } }]);
    const advice = named(
      `Nothing more happens by itself. To try again: "ratchet retry ${id}", or select ratchet.retry_job(${id});`,
    );
    expect(await explain(id)).toBe(
      `Job ${id} (publish) has FAILED for good at task 1 of 5, "Validate product", after 1 try: it broke. ${advice}`,
    );
    const byHand = await addSingle(sql);
    await sql.rows("update ratchet.tasks set status = 'FAILED', error_message = 'no use?' where job_id = $1", [
      byHand.id,
    ]);
    expect(await explain(byHand.id)).toMatch(
      /has FAILED for good at task 1 of 1, "The only task": no use\? Nothing more/v,
    );
  });

  test("for a reason that no other try can change does not advise one", async () => {
    const worker = await setWorkers(1);
    const { id } = await addPublish(sql);
    const { fence } = await claimOne(sql, worker, id);
    const failure = { can_retry: false, error_code: "RT118", error_message: "The payload was rejected." };
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "F", failure }]);
    expect(await explain(id)).toMatch(
      /The payload was rejected\. Nothing more happens by itself\. Another try would end the same way: correct what it says and queue a new job\.$/v,
    );
  });

  test("by hand at a later task names that one", async () => {
    const { id } = await addPublish(sql);
    await sql.rows("update ratchet.tasks set status = 'FAILED' where job_id = $1 and position = 4", [id]);
    expect(await explain(id)).toMatch(/for good at task 4 of 5, "Upload image 3\/3": set to FAILED by hand\./v);
  });
});

describe("ended", () => {
  test("COMPLETED", async () => {
    const worker = await setWorkers(1);
    const [many, one, byHand] = [await addPublish(sql), await addSingle(sql), await addSingle(sql)];
    await runJob(sql, worker, many.id);
    await runJob(sql, worker, one.id);
    await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1", [byHand.id]);
    expect(await explain(many.id)).toBe(
      `Job ${many.id} (publish) is COMPLETED: all 5 tasks are finished, N s after it started. Nothing more happens.`,
    );
    expect(await explain(one.id)).toBe(
      `Job ${one.id} (single) is COMPLETED: its only task is finished, N s after it started. Nothing more happens.`,
    );
    expect(await explain(byHand.id)).toBe(
      `Job ${byHand.id} (single) is COMPLETED: its only task is finished. Nothing more happens.`,
    );
  });

  test("CANCELLED", async () => {
    const { id } = await addPublish(sql, []);
    await sql.rows("update ratchet.tasks set status = 'CANCELLED' where job_id = $1", [id]);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) is CANCELLED (a task was cancelled by hand), with 0 of 2 tasks finished. Nothing more happens.`,
    );
  });

  test("CANCELLED by an order, which it names with its reason", async () => {
    const [{ id }, { id: other }] = [await addPublish(sql, []), await addPublish(sql, [])];
    const actor = await sql.value<string>("select session_user::text");
    await cancel(sql.pool(), id, "wrong listing");
    await cancel(sql.pool(), other);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) is CANCELLED by order of ${actor} (wrong listing), with 0 of 2 tasks finished. Nothing more happens.`,
    );
    expect(await explain(other)).toBe(
      `Job ${other} (publish) is CANCELLED by order of ${actor} (no reason was given), with 0 of 2 tasks finished. Nothing more happens.`,
    );
    // A later stop that nobody ordered by name is not laid at anybody's door.
    await retry(sql.pool(), id);
    await sql.rows("update ratchet.tasks set status = 'CANCELLED' where job_id = $1", [id]);
    expect(await explain(id)).toBe(
      `Job ${id} (publish) is CANCELLED (a task was cancelled by hand), with 0 of 2 tasks finished. Nothing more happens.`,
    );
  });

  test("and scrubbed", async () => {
    const worker = await setWorkers(1);
    const [completed, cancelled, failed] = [await addSingle(sql), await addSingle(sql), await addSingle(sql)];
    await runJob(sql, worker, completed.id);
    await cancel(sql.pool(), cancelled.id);
    const { fence } = await claimOne(sql, worker, failed.id);
    await fail(sql, worker, { job: failed.id, position: 1, fence, canRetry: false });
    for (const { id } of [completed, cancelled, failed]) {
      await scrub(sql.pool(), id);
    }
    const scrubbed = "Its payload, results and error texts were scrubbed N s ago.";
    expect(await explain(completed.id)).toBe(
      `Job ${completed.id} (single) is COMPLETED: its only task is finished, N s after it started. Nothing more happens. ${scrubbed}`,
    );
    expect(await explain(cancelled.id)).toMatch(new RegExp(`Nothing more happens\\. ${scrubbed}$`, "v"));
    expect(await explain(failed.id)).toBe(
      `Job ${failed.id} (single) has FAILED for good at task 1 of 1, "The only task", after 1 try: scrubbed. Nothing more happens by itself. ${scrubbed} It cannot be tried again.`,
    );
  });

  test("FAILED because it could not be planned does not advise another try", async () => {
    const id = await sql.value<string>("select ratchet_private.adopt_job('publish', '[]', 4711, null, 0, now())");
    expect(await explain(id)).toMatch(
      /Another try would end the same way: correct what it says and queue a new job\.$/v,
    );
  });
});

test("handed back", async () => {
  const worker = await setWorkers(1);
  const { id } = await addPublish(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 1 });
  await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [worker, [id], [fence]]);
  expect(await explain(id)).toBe(
    `Job ${id} (publish) goes on at task 2 of 5, "Upload image 1/3", with 1 of 5 tasks finished. It runs as soon as a worker has room; 1 live worker has handlers for it.`,
  );
});

test("WAITING", async () => {
  const { id } = await addPublish(sql, []);
  await withoutTriggers(sql, async (session) => {
    await session.query("update ratchet.tasks set status = 'WAITING' where job_id = $1 and position = 1", [id]);
    await session.query("update ratchet.jobs set status = 'WAITING' where id = $1", [id]);
  });
  expect(await explain(id)).toBe(
    `Job ${id} (publish) WAITS at task 1 of 2, "Validate product" for a time, a signal or another job, with 0 of 2 tasks finished.`,
  );
});

test("outside the queue", async () => {
  const id = await sql.value<string>("select (ratchet_private.create_job('own', '{}', 'default')).id");
  expect(await explain(id)).toBe(
    `Job ${id} (own) has no tasks yet. It is outside the queue: the program that made it gives it tasks (createTasks) and runs them.`,
  );
  await sql.rows("select ratchet_private.create_tasks($1, array['a', 'b'])", [id]);
  expect(await explain(id)).toBe(
    `Job ${id} (own) has not started; 2 tasks are planned. It is outside the queue: the program that made it has to run it again.`,
  );
});
