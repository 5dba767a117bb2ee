import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { createPool } from "../../src/database/pool.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { waitUntil } from "../support/waiting.ts";

const SILENCE_MS = 200;

let database: TestDatabase;
let proxy: FaultProxy;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
});

beforeEach(async () => {
  proxy = await startFaultProxy(database.url);
  pool = createPool({ connectionString: proxy.url, silenceMs: SILENCE_MS });
});

afterEach(async () => {
  await proxy.close();
  await pool.end();
});

afterAll(async () => {
  await database.drop();
});

test("a statement whose connection the network has forgotten fails soon, and the pool goes on", async () => {
  await pool.query("select 1");
  await proxy.set({ kind: "forget" }, "live");
  await expect(pool.query("select 2")).rejects.toMatchObject({ code: "ETIMEDOUT" });
  expect(await pool.query("select 3")).toMatchObject({ rowCount: 1 });
});

test("so does one whose session has ended without the client being told", async () => {
  await pool.query("select 1");
  await proxy.set({ kind: "halfOpen", closedSide: "server" });
  await expect(pool.query("select 2")).rejects.toMatchObject({ code: "ETIMEDOUT" });
});

test("a client that is released as if nothing had happened is not used again", async () => {
  const client = await pool.connect();
  client.on("error", () => {});
  await proxy.set({ kind: "forget" }, "live");
  await expect(client.query("select 1")).rejects.toMatchObject({ code: "ETIMEDOUT" });
  client.release();
  expect(await pool.query("select 2")).toMatchObject({ rowCount: 1 });
});

test("Postgres may take its time over a statement", async () => {
  const { rows } = await pool.query("select 'done' as answer from pg_sleep($1::float)", [(SILENCE_MS * 4) / 1000]);
  expect(rows).toStrictEqual([{ answer: "done" }]);
});

test("a statement may wait for somebody's lock", async () => {
  const holder = await database.pool.connect();
  await holder.query("begin; lock table ratchet.definitions");
  const answer = pool.query("select count(*) from ratchet.definitions");
  const begin = performance.now();
  await waitUntil(() => performance.now() - begin > SILENCE_MS * 4);
  await holder.query("commit");
  holder.release();
  expect(await answer).toMatchObject({ rowCount: 1 });
});

test("a large answer may come slowly", async () => {
  await pool.query("select 1");
  await proxy.set({ kind: "throttle", bytesPerSecond: 200_000 });
  const { rows } = await pool.query<{ text: string }>("select repeat('x', 200000) as text");
  expect(rows[0]?.text).toHaveLength(200_000);
});
