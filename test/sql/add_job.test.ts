import { describe, expect, test } from "vitest";

import {
  addJob,
  addPublish,
  addSingle,
  countRows,
  type Job,
  readTasks,
  readWakeUps,
  register,
  single,
  useSql,
  withSession,
} from "./fixtures.ts";

const sql = useSql();

describe("the plan", () => {
  test("has one task a template and one an element, at positions 1 to N, with {n} and {total} filled in", async () => {
    const job = await addPublish(sql, ["a.jpg", "b.jpg", "c.jpg"]);
    const tasks = await readTasks(sql, job.id);
    expect(
      tasks.map(({ position, key, template, name, input }) => [position, key, template, name, input]),
    ).toStrictEqual([
      [1, "validate", "validate", "Validate product", null],
      [2, "upload[1]", "upload", "Upload image 1/3", "a.jpg"],
      [3, "upload[2]", "upload", "Upload image 2/3", "b.jpg"],
      [4, "upload[3]", "upload", "Upload image 3/3", "c.jpg"],
      [5, "create", "create", "Create listing", null],
    ]);
    expect(
      new Set(
        tasks.map(({ status, attempts, fence, started_at }) => JSON.stringify([status, attempts, fence, started_at])),
      ),
    ).toStrictEqual(new Set(['["PENDING",0,0,null]']));
  });

  test("keeps the elements' order and their JSON, null and objects included", async () => {
    const images = [{ b: 1, a: [null] }, null, 0, "", false, []];
    const job = await addJob(sql.pool(), { identifier: "publish", payload: { images } });
    const tasks = await readTasks(sql, job.id);
    expect(tasks.filter(({ template }) => template === "upload").map(({ input }) => input)).toStrictEqual(images);
  });

  test("of an empty array has no task for it, and the rest", async () => {
    const job = await addPublish(sql, []);
    expect((await readTasks(sql, job.id)).map(({ key }) => key)).toStrictEqual(["validate", "create"]);
  });

  test("is picked and ordered by task_names: keys, template keys and names", async () => {
    const job = await addPublish(sql, ["a", "b"], { task_names: ["create", "upload", "Validate product"] });
    expect((await readTasks(sql, job.id)).map(({ position, key }) => [position, key])).toStrictEqual([
      [1, "create"],
      [2, "upload[1]"],
      [3, "upload[2]"],
      [4, "validate"],
    ]);
    const one = await addPublish(sql, ["a", "b"], { task_names: ["upload[2]"] });
    expect((await readTasks(sql, one.id)).map(({ key, name }) => [key, name])).toStrictEqual([
      ["upload[2]", "Upload image 2/2"],
    ]);
  });

  test("may have 10,000 tasks", async () => {
    const images = Array.from({ length: 9998 }, (_, index) => `${index}`);
    const job = await addPublish(sql, images);
    expect(
      await sql.row("select count(*)::int, min(position), max(position) from ratchet.tasks where job_id = $1", [
        job.id,
      ]),
    ).toStrictEqual({ count: 10_000, min: 1, max: 10_000 });
    const last = await sql.row("select position, key, name from ratchet.tasks where job_id = $1 and position = 9999", [
      job.id,
    ]);
    expect(last).toStrictEqual({ position: 9999, key: "upload[9998]", name: "Upload image 9998/9998" });
  });

  test("of 10,000 tasks picked by 10,000 names is made in one pass", async () => {
    const images = Array.from({ length: 9998 }, (_, index) => `${index}`);
    const names = ["create", ...images.map((_, index) => `upload[${9998 - index}]`), "validate"];
    const job = await addPublish(sql, images, { task_names: names });
    expect((await readTasks(sql, job.id)).map(({ key }) => key)).toStrictEqual(names);
  });
});

describe("the job", () => {
  test("has the defaults of all arguments that were left out", async () => {
    const job = await addSingle(sql);
    expect(job).toMatchObject({
      identifier: "single",
      version: "s1",
      tenant: "default",
      status: "PENDING",
      fence: 0,
      worker_id: null,
      priority: 0,
      max_attempts: null,
      retry_delay: null,
      next_attempt_at: null,
      started_at: null,
      finished_at: null,
      queue_name: null,
      job_key: null,
      adopted_from: null,
      payload: {},
    });
    expect(job.run_at).toStrictEqual(job.created_at);
  });

  test("has every argument that was given, and so has its wake-up", async () => {
    const runAt = new Date("2040-01-02T03:04:05.678Z");
    const job = await addJob(sql.pool(), {
      identifier: "publish",
      payload: { images: ["a"] },
      task_names: ["upload"],
      run_at: runAt,
      max_attempts: 7,
      retry_delay: "1 day 2 hours",
      priority: -5,
      queue_name: "slow",
      job_key: "listing:7",
      job_key_mode: "replace",
      tenant: "acme",
    });
    expect(job).toMatchObject({
      identifier: "publish",
      payload: { images: ["a"] },
      run_at: runAt,
      max_attempts: 7,
      retry_delay: { days: 1, hours: 2 },
      priority: -5,
      queue_name: "slow",
      job_key: "listing:7",
      tenant: "acme",
    });
    expect(await readWakeUps(sql, job.id)).toMatchObject([
      { run_at: runAt, priority: -5, queue_name: "4:acme:slow", max_attempts: 32_767, task_identifier: "publish" },
    ]);
  });

  test("comes back as its row, which is the one stored", async () => {
    const job = await addPublish(sql);
    expect(await sql.row<Job>("select * from ratchet.jobs where id = $1", [job.id])).toStrictEqual(job);
  });

  test("uses the version with the latest current_since", async () => {
    await register(sql, [single({ identifier: "moving", version: "m1" })]);
    expect(await addSingle(sql, { identifier: "moving" })).toMatchObject({ version: "m1" });
    await register(sql, [single({ identifier: "moving", version: "m0" })]);
    expect(await addSingle(sql, { identifier: "moving" })).toMatchObject({ version: "m0" });
  });

  test("keeps unicode, quotes and a payload of megabytes as they are", async () => {
    const payload = { text: "Zażółć 🧥 \"quoted\" \\ '$1' \u2028", big: "ü".repeat(2_000_000) };
    const job = await addSingle(sql, { payload });
    expect(job.payload).toStrictEqual(payload);
    const named = await addPublish(sql, ["🧥.jpg"], { job_key: "ключ 🗝", tenant: "テナント", queue_name: "очередь" });
    expect(named).toMatchObject({ job_key: "ключ 🗝", tenant: "テナント", queue_name: "очередь" });
    expect((await readTasks(sql, named.id))[1]).toMatchObject({ input: "🧥.jpg" });
  });

  test("keeps a retry_delay whatever IntervalStyle and TimeZone the caller has", async () => {
    for (const style of ["postgres", "postgres_verbose", "sql_standard", "iso_8601"]) {
      const same = await withSession(sql, async (session) => {
        await session.query(
          `begin; set local intervalstyle = ${style}; set local timezone = 'Asia/Kolkata'; set local datestyle = 'German'`,
        );
        const { rows } = await session.query<{ same: boolean }>(
          `select retry_delay = interval '1 day -02:30:01.5' + interval '1 month' and run_at = timestamptz '2030-06-01 12:00+00' as same
           from ratchet.add_job('single', retry_delay => interval '1 day -02:30:01.5' + interval '1 month', run_at => timestamptz '2030-06-01 12:00+00')`,
        );
        return rows[0]?.same;
      });
      expect([style, same]).toStrictEqual([style, true]);
    }
  });

  test("has a wake-up whose envelope is exactly its id", async () => {
    const job = await addSingle(sql);
    const wakeUp = await sql.row(
      `select p.payload::text, w.attempts, w.locked_by from graphile_worker.jobs w
       join graphile_worker._private_jobs p on p.id = w.id where w.key = 'ratchet:' || $1::text`,
      [job.id],
    );
    expect(wakeUp).toStrictEqual({ payload: `{"$ratchet" : "${job.id}"}`, attempts: 0, locked_by: null });
  });
});

describe("the caller's transaction", () => {
  test("rolled back leaves nothing, not even a wake-up", async () => {
    const before = await countRows(sql);
    await withSession(sql, async (session) => {
      await session.query("begin");
      await addJob(session, { identifier: "publish", payload: { images: ["a"] } });
      await session.query("rollback");
    });
    expect(await countRows(sql)).toStrictEqual(before);
  });

  test("makes job, plan and wake-up visible in one commit", async () => {
    const before = await countRows(sql);
    await withSession(sql, async (session) => {
      await session.query("begin");
      await addJob(session, { identifier: "publish", payload: { images: ["a"] } });
      expect(await countRows(sql)).toStrictEqual(before);
      await session.query("commit");
    });
    const plusOne = (name: string, by: number): string => String(Number(before[name]) + by);
    expect(await countRows(sql)).toStrictEqual({
      jobs: plusOne("jobs", 1),
      tasks: plusOne("tasks", 3),
      wake_ups: plusOne("wake_ups", 1),
    });
  });

  test("can be a savepoint that is rolled back, and REPEATABLE READ, and SERIALIZABLE", async () => {
    for (const level of ["repeatable read", "serializable"]) {
      const job = await withSession(sql, async (session) => {
        await session.query(`begin isolation level ${level}; savepoint before`);
        await addJob(session, { identifier: "single", job_key: `in ${level}` });
        await session.query("rollback to before");
        const added = await addJob(session, { identifier: "single", job_key: `in ${level}` });
        await session.query("commit");
        return added;
      });
      expect(await readWakeUps(sql, job.id)).toHaveLength(1);
      expect(await sql.value("select count(*)::int from ratchet.jobs where job_key = $1", [`in ${level}`])).toBe(1);
    }
  });

  test("leaves changes by hand recognised as such afterwards", async () => {
    await withSession(sql, async (session) => {
      await session.query("begin");
      const job = await addJob(session, { identifier: "single" });
      await session.query("update ratchet.tasks set status = 'SKIPPED' where job_id = $1", [job.id]);
      const { rows } = await session.query(
        "select t.fence, t.completed_at is not null as filled, j.status from ratchet.tasks t join ratchet.jobs j on j.id = t.job_id where j.id = $1",
        [job.id],
      );
      expect(rows).toStrictEqual([{ fence: 1, filled: true, status: "COMPLETED" }]);
    });
  });
});

describe("a role that owns nothing", () => {
  test("may add a job when it is granted the function alone", async () => {
    const id = await withSession(sql, async (session) => {
      await session.query(
        `begin; create role ratchet_test_service;
         grant usage on schema ratchet to ratchet_test_service;
         grant execute on function ratchet.add_job to ratchet_test_service;
         set local ratchet.tenant = 'default'; set local role ratchet_test_service`,
      );
      return session.query<{ id: string }>("select (ratchet.add_job('single')).id");
    });
    expect(id.rows).toHaveLength(1);
  });
});
