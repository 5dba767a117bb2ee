import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { createPool } from "../../src/database/pool.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { deferred, waitUntil } from "../support/waiting.ts";

const SILENCE_MS = 200;

/** Long enough for a connection to be asked after, and for the others to be suspected. */
async function pass(silences: number): Promise<void> {
  const begin = performance.now();
  await waitUntil(() => performance.now() - begin > SILENCE_MS * silences);
}

async function pidOf(client: pg.Pool | pg.ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid;
}

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
  await pass(4);
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

test("a statement on a connection that is known to be lost puts no other under suspicion", async () => {
  const lost = await pool.connect();
  const ended = deferred();
  lost.on("error", () => {});
  lost.on("end", ended.resolve);
  const idlePid = await pidOf(pool);
  await database.pool.query("select pg_terminate_backend($1)", [await pidOf(lost)]);
  await ended.promise;
  await expect(lost.query("rollback")).rejects.toThrow("not queryable");
  await pass(4);
  expect(await pidOf(pool)).toBe(idlePid);
  lost.release(true);
});

/** The part of pg's protocol that a cursor speaks, as pg-cursor does. */
interface Wire {
  parse(query: { text: string }): void;
  bind(portal: object): void;
  execute(portal: { rows: number }): void;
  flush(): void;
  sync(): void;
}

/** A cursor over two rows: `first` resolves with the one, after which it waits for `readOn`. */
class Cursor {
  readonly first = deferred();
  readonly done = deferred();
  readonly #wire = deferred<Wire>();
  rows = 0;
  isComplete = false;

  submit(wire: Wire): void {
    wire.parse({ text: "select * from generate_series(1, 2)" });
    wire.bind({});
    wire.execute({ rows: 1 });
    wire.flush();
    this.#wire.resolve(wire);
  }
  async readOn(): Promise<void> {
    const wire = await this.#wire.promise;
    wire.execute({ rows: 0 });
    wire.sync();
  }
  handleDataRow(): void {
    this.rows++;
  }
  handlePortalSuspended(): void {
    this.first.resolve();
  }
  handleCommandComplete(): void {
    this.isComplete = true;
  }
  handleReadyForQuery(): void {
    this.done.resolve();
  }
  handleError(error: unknown): void {
    this.done.reject(error);
  }
}

test("the owner of a cursor may take its time between two reads", async () => {
  const client = await pool.connect();
  const cursor = new Cursor();
  client.query(cursor as unknown as pg.Submittable);
  await cursor.first.promise;
  await pass(4);
  await cursor.readOn();
  await cursor.done.promise;
  expect(cursor).toMatchObject({ rows: 2, isComplete: true });
  expect(await client.query("select 1")).toMatchObject({ rowCount: 1 });
  client.release();
});
