import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { asRawPool, createClientBench, publish, rejection, single } from "./clientBench.ts";

const bench = createClientBench();
let pool: pg.Pool;
let client: pg.PoolClient;

beforeAll(async () => {
  // Not one that puts schema names into statements: a caller's own.
  pool = asRawPool(bench.database().url);
  await pool.query("create table products (title text)");
});
beforeEach(async () => {
  client = await pool.connect();
  await client.query("begin");
});
afterEach(async () => {
  await client.query("rollback");
  client.release();
});

afterAll(() => pool.end());

describe("in a caller's transaction", () => {
  test("a job is there when that commits, and only then", async () => {
    const ratchet = bench.client();
    await client.query("insert into products values ('Jacket')");
    const job = await ratchet.add(publish, { title: "Jacket", images: [] }, { client });
    expect(await ratchet.get(job)).toBeNull();
    expect(await ratchet.get(job, { client })).toMatchObject({ id: job.id, status: "PENDING" });
    await client.query("commit");
    expect(await ratchet.get(job)).toMatchObject({ id: job.id });
  });

  test("a rollback takes job and work away", async () => {
    const ratchet = bench.client();
    await client.query("insert into products values ('Trousers')");
    const job = await ratchet.add(single, {}, { client });
    const many = await ratchet.addMany(single, [{ payload: {} }, { payload: {} }], { client });
    await client.query("rollback");
    for (const { id } of [job, ...many]) {
      expect(await ratchet.get(id)).toBeNull();
    }
    expect((await pool.query("select from products where title = 'Trousers'")).rows).toStrictEqual([]);
  });

  test("a payload that is refused before it is sent leaves the transaction usable", async () => {
    const ratchet = bench.client();
    expect(await rejection(ratchet.add("publish", { title: 1 }, { client }))).toMatchObject({ code: "RT118" });
    expect(await rejection(ratchet.addMany("publish", [{ payload: { title: 1 } }], { client }))).toMatchObject({
      code: "RT118",
    });
    expect((await client.query("select 1 as one")).rows).toStrictEqual([{ one: 1 }]);
  });

  test("needs no connection of the client's own pool", async () => {
    const ratchet = bench.client({ connectionString: "postgres://nobody@127.0.0.1:9/nowhere" });
    expect(await ratchet.add("publish", { title: "A", images: [] }, { client })).toMatchObject({ status: "PENDING" });
    expect(await ratchet.list({ client, limit: 1 })).toHaveLength(1);
  });
});

test("a role that may only add jobs does that; payloads are then checked by the worker alone", async () => {
  const schema = bench.schemas.ratchet;
  await pool.query(`
    create role "${schema}_adder";
    grant usage on schema ${schema} to "${schema}_adder";
    grant execute on function ${schema}.add_jobs to "${schema}_adder"`);
  try {
    // As a server's login says it; any other has entries of its own.
    await client.query(`set local role "${schema}_adder"; set local "${schema}".tenant = 'default'`);
    const ratchet = bench.client();
    expect(await ratchet.add("publish", { title: 1, images: [] }, { client })).toMatchObject({ status: "PENDING" });
    // A driver that hands everything on as Postgres writes it.
    const types = { getTypeParser: () => String };
    const plain = { query: (text: string, values: unknown[]) => client.query<object>({ text, values, types }) };
    expect(await bench.client().add("publish", { title: 1, images: [] }, { client: plain })).toMatchObject({
      status: "PENDING",
    });
  } finally {
    await client.query("rollback");
    await pool.query(`drop owned by "${schema}_adder"; drop role "${schema}_adder"`);
  }
});

test("a role follows jobs and gives orders with the rights that docs/client.md names", async () => {
  const schema = bench.schemas.ratchet;
  await pool.query(`
    create role "${schema}_reader";
    grant usage on schema ${schema} to "${schema}_reader";
    grant select on ${schema}.jobs, ${schema}.tasks to "${schema}_reader";
    grant execute on function ${schema}.add_jobs, ${schema}.cancel_job, ${schema}.retry_job to "${schema}_reader"`);
  const own = new pg.Pool({
    connectionString: bench.database().url,
    options: `-c role=${schema}_reader -c ${schema}.tenant=reader`,
  });
  try {
    const ratchet = bench.client({ pool: own, tenant: "reader" });
    const job = await ratchet.add("single", {});
    await ratchet.cancel(job);
    await ratchet.retry(job);
    expect(await ratchet.list()).toHaveLength(1);
    const waiting = ratchet.waitFor(job);
    await ratchet.cancel(job);
    expect(await waiting).toMatchObject({ id: job.id, status: "CANCELLED" });
    expect(await ratchet.get(job)).toMatchObject({ status: "CANCELLED" });
    await ratchet.close();
  } finally {
    await own.end();
    await pool.query(`drop owned by "${schema}_reader"; drop role "${schema}_reader"`);
  }
});

test("drivers that give other types than pg are served alike", async () => {
  const odd = {
    // Ids as BigInt, as some drivers give them; nothing of Ratchet's may depend on it.
    query: async (text: string, values: unknown[]) => {
      const { rows } = await client.query<{ id?: string | bigint }>(text, values);
      for (const row of rows) {
        row.id = BigInt(row.id ?? 0);
      }
      return { rows };
    },
  };
  const ratchet = bench.client();
  const job = await ratchet.add(single, {}, { client: odd });
  expect(await ratchet.cancel(job, { client: odd, reason: "no longer" })).toStrictEqual({
    id: job.id,
    status: "CANCELLED",
  });
});
