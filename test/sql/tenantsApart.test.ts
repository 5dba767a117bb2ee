import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { named } from "../support/schemas.ts";
import { addJob, errorOf, useSql } from "./fixtures.ts";

const sql = useSql();
/** Roles belong to the whole server, and test files run side by side. */
const operator = `ratchet_test_operator_${process.pid}`;
const enqueuer = `ratchet_test_enqueuer_${process.pid}`;
const stranger = `ratchet_test_stranger_${process.pid}`;
const owner = `ratchet_test_owner_${process.pid}`;
const ROLES = [operator, enqueuer, stranger, owner];

beforeAll(async () => {
  for (const role of ROLES) {
    await sql.rows(`create role ${role} login password 'pw'`);
  }
  await sql.rows(`grant ratchet_operator to ${operator}`);
  await sql.rows(`grant ratchet_enqueuer to ${enqueuer}`);
  await sql.rows("select ratchet.allow_login(r, 'A') from unnest($1::text[]) r", [[operator, enqueuer]]);
});

afterAll(async () => {
  for (const role of ROLES) {
    await sql.rows(`drop owned by ${role}`);
    await sql.rows(`drop role ${role}`);
  }
});

/** A connection of its own, until the test ends. */
async function connectAs(role: string): Promise<pg.Client> {
  const url = new URL(sql.url());
  url.username = role;
  url.password = "pw";
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

describe("queues of one name", () => {
  test("are one queue for each tenant: nobody waits for another's transaction", async () => {
    const client = await connectAs(operator);
    await client.query("begin");
    await client.query(named("select ratchet.add_job('single', '{}', queue_name => 'mail')"));
    // Waits for the end of the other transaction where the queue is one, until the test's own end.
    await sql.rows("select ratchet.add_job('single', '{}', queue_name => 'mail', tenant => 'B')");
    await client.query("commit");
    expect(
      await sql.rows(
        `select q.queue_name from graphile_worker._private_job_queues q order by q.queue_name collate "C"`,
      ),
    ).toStrictEqual([{ queue_name: "1:A:mail" }, { queue_name: "1:B:mail" }]);
  });

  test("keep their name for the default tenant, unless it could be another's", async () => {
    const queueOf = (tenant: string, queue: string): Promise<string> =>
      sql.value("select ratchet_private.queue_of($1, $2)", [tenant, queue]);
    expect(await queueOf("default", "mail")).toBe("mail");
    expect(await queueOf("default", "1:A:mail")).not.toBe(await queueOf("A", "mail"));
    expect(await queueOf("A", "B:mail")).not.toBe(await queueOf("A:B", "mail"));
    const long = await queueOf("A", "x".repeat(128));
    expect(long.length).toBeLessThanOrEqual(128);
    expect(await queueOf("default", long)).not.toBe(long);
  });
});

describe("whoever may only add", () => {
  test("does not read the payload of a job that was there before", async () => {
    const { id } = await addJob(sql.pool(), {
      identifier: "single",
      payload: { secret: 1 },
      tenant: "A",
      job_key: "theirs",
    });
    const client = await connectAs(enqueuer);
    const { rows: one } = await client.query(
      named(
        "select id, payload from ratchet.add_job('single', '{}', job_key => 'theirs', job_key_mode => 'unsafe_dedupe')",
      ),
    );
    expect(one).toStrictEqual([{ id, payload: null }]);
    const { rows: many } = await client.query(
      named(
        `select id, payload from ratchet.add_jobs('[
           {"identifier": "single", "job_key": "theirs", "job_key_mode": "unsafe_dedupe"},
           {"identifier": "single", "payload": {"own": 2}, "job_key": "ours", "job_key_mode": "unsafe_dedupe"}]')`,
      ),
    );
    expect(many).toMatchObject([{ id, payload: null }, { payload: { own: 2 } }]);
    const reader = await connectAs(operator);
    const { rows: read } = await reader.query(
      named(
        "select payload from ratchet.add_job('single', '{}', job_key => 'theirs', job_key_mode => 'unsafe_dedupe')",
      ),
    );
    expect(read).toStrictEqual([{ payload: { secret: 1 } }]);
  });
});

describe("a reason", () => {
  test("has an end, since everybody who reads the job gets it", async () => {
    const { id } = await addJob(sql.pool(), { identifier: "single", tenant: "A" });
    const client = await connectAs(operator);
    const order = named(`select status from ratchet.cancel_job($1, repeat('x', $2))`);
    expect(await errorOf(client.query(order, [id, 4001]))).toMatchObject({ code: "RT006" });
    expect((await client.query(order, [id, 4000])).rows).toStrictEqual([{ status: "CANCELLED" }]);
  });
});

describe("locks that anybody can take", () => {
  test("keep no worker from starting, though its role may not end the other's session", async () => {
    const next = Number(await sql.value("select coalesce(max(id), 0) + 1 from ratchet.workers"));
    const client = await connectAs(stranger);
    await client.query(
      named(
        "select pg_advisory_lock(('x' || left(md5('ratchet.workers'), 8))::bit(32)::integer, $1 + i) from generate_series(0, 9) i",
      ),
      [next],
    );
    // Neither the superuser of the tests nor a member of pg_signal_backend.
    await sql.rows(`grant usage on schema ratchet_private to ${owner}; grant usage on schema ratchet to ${owner}`);
    await sql.rows(`grant execute on all functions in schema ratchet_private to ${owner}`);
    await sql.rows(`grant all on all tables in schema ratchet to ${owner}`);
    await sql.rows(`create policy rows_for_test on ratchet.workers to ${owner} using (true) with check (true)`);
    onTestFinished(async () => {
      await sql.rows("drop policy rows_for_test on ratchet.workers");
    });
    const worker = await connectAs(owner);
    const { rows } = await worker.query(named("select ratchet_private.register_worker('host', 1, '1', 1, '{}') as id"));
    expect(rows).toStrictEqual([{ id: next }]);
    expect((await client.query("select 1 as alive")).rows).toStrictEqual([{ alive: 1 }]);
  });
});
