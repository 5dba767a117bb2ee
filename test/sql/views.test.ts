import { describe, expect, test } from "vitest";

import { addPublish, addWorker, checkpoint, claimOne, completeTasks, useSql, withSession } from "./fixtures.ts";

const sql = useSql();

describe("job_overview", () => {
  const overview = (id: string): Promise<Record<string, unknown>> =>
    sql.row("select * from ratchet.job_overview where id = $1", [id]);

  test("says how far a job is and what it is at", async () => {
    const worker = await addWorker(sql);
    const job = await addPublish(sql, ["a"], { tenant: "acme", job_key: "k" });
    expect(await overview(job.id)).toMatchObject({
      id: job.id,
      identifier: "publish",
      tenant: "acme",
      status: "PENDING",
      progress: "0/3",
      task: "Validate product",
      attempts: 0,
      error_message: null,
      job_key: "k",
      worker_id: null,
      created_at: job.created_at,
      run_at: job.run_at,
    });
    const { fence } = await claimOne(sql, worker, job.id);
    await completeTasks(sql, worker, { job: job.id, fence, from: 1, to: 1 });
    expect(await overview(job.id)).toMatchObject({
      status: "RUNNING",
      progress: "1/3",
      task: "Upload image 1/1",
      worker_id: worker,
    });
    await checkpoint(sql.pool(), worker, [{ job: job.id, position: 2, fence, kind: "F" }]);
    expect(await overview(job.id)).toMatchObject({ status: "FAILED", attempts: 1, error_message: "it broke" });
    await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1 and status <> 'COMPLETED'", [job.id]);
    expect(await overview(job.id)).toMatchObject({ status: "COMPLETED", progress: "3/3", task: "", attempts: 0 });
  });

  test("shows a job without a plan, and no rows that row security hides from the asker", async () => {
    const id = await sql.value<string>("select (ratchet_private.create_job('own', '{}', 'default')).id");
    expect(await overview(id)).toMatchObject({ progress: "0/0", task: "" });
    await withSession(sql, async (session) => {
      await session.query(
        `begin; create role ratchet_test_reader; grant usage on schema ratchet to ratchet_test_reader;
         grant select on ratchet.jobs, ratchet.tasks, ratchet.job_overview to ratchet_test_reader;
         alter table ratchet.jobs enable row level security; set local role ratchet_test_reader`,
      );
      expect((await session.query("select * from ratchet.job_overview")).rows).toStrictEqual([]);
    });
  });

  test("gives the newest 20 without reading every job", async () => {
    await sql.rows(
      "select count(*) from ratchet.add_jobs((select jsonb_agg(jsonb_build_object('identifier', 'single')) from generate_series(1, 3000)))",
    );
    await sql.rows("analyze ratchet.jobs; analyze ratchet.tasks");
    const plan = await sql.rows<{ "QUERY PLAN": string }>(
      "explain (analyze, costs off, timing off) select * from ratchet.job_overview order by id desc limit 20",
    );
    const text = plan.map((line) => line["QUERY PLAN"]).join("\n");
    expect(text).toMatch(/Index Scan Backward using jobs_pkey/v);
    expect(text).not.toMatch(/Seq Scan/v);
  });
});

describe("announce", () => {
  test("tells each tenant its own jobs, and says many where a list is too long", async () => {
    await withSession(sql, async (session) => {
      const told: Record<string, string[]> = {};
      session.on("notification", ({ channel, payload }) => (told[channel] ??= []).push(payload ?? ""));
      const long = `tenant ${"é".repeat(60)}`;
      const channels = await Promise.all(
        ["one", "two", "many", long].map((tenant) =>
          sql.value<string>("select ratchet_private.announcement_channel($1)", [tenant]),
        ),
      );
      for (const channel of channels) {
        await session.query(`listen "${channel}"`);
      }
      const one = await addPublish(sql, [], { tenant: "one" });
      const two = await addPublish(sql, [], { tenant: "two" });
      const hidden = await addPublish(sql, [], { tenant: long });
      // Ids of four digits once made a payload over the 8,000 bytes that NOTIFY takes.
      await sql.rows("select setval('ratchet.jobs_id_seq', greatest(5000, (select max(id) from ratchet.jobs)))");
      const count = await sql.value<string>(
        "select count(*) from ratchet.add_jobs((select jsonb_agg(jsonb_build_object('identifier', 'single', 'tenant', 'many')) from generate_series(1, 1500)))",
      );
      expect(count).toBe("1500");
      for (const most of [700, 870, 874, 875, 1000, 1500]) {
        await session.query(
          "select ratchet_private.announce(array(select id from ratchet.jobs where tenant = 'many' order by id limit $1))",
          [most],
        );
      }
      await session.query("select ratchet_private.announce($1)", [[one.id, two.id, hidden.id, "987654321"]]);
      await session.query("select 1");
      expect(told[channels[0] ?? ""]).toStrictEqual([`{"jobs" : ["${one.id}"]}`]);
      expect(told[channels[1] ?? ""]).toStrictEqual([`{"jobs" : ["${two.id}"]}`]);
      expect(told[channels[3] ?? ""]).toStrictEqual([`{"jobs" : ["${hidden.id}"]}`]);
      expect(told[channels[2] ?? ""]?.map((payload) => payload === '{"many":true}')).toStrictEqual([
        false,
        false,
        false,
        false,
        true,
        true,
      ]);
      await session.query("unlisten *");
      session.removeAllListeners("notification");
    });
  });

  test("uses channels of at most 63 bytes, and never one for two tenants", async () => {
    const long = "t".repeat(128);
    const hash = await sql.value<string>("select md5($1)", [long]);
    const tenants = ["a", "A", "t".repeat(40), "t".repeat(41), long, hash, `#${hash}`];
    const channels = await Promise.all(
      tenants.map((tenant) => sql.value<string>("select ratchet_private.announcement_channel($1)", [tenant])),
    );
    expect(new Set(channels).size).toBe(tenants.length);
    expect(Math.max(...channels.map((channel) => Buffer.byteLength(channel)))).toBeLessThanOrEqual(63);
  });
});
