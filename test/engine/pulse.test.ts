import type { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";

import { type Pulse, startPulse } from "../../src/engine/pulse.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { startFaultProxy } from "../support/faultProxy.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

const threads = vi.hoisted((): Worker[] => []);

vi.mock(import("node:worker_threads"), async (importOriginal) => {
  const actual = await importOriginal();
  class NotedWorker extends actual.Worker {
    constructor(...parameters: ConstructorParameters<typeof actual.Worker>) {
      super(...parameters);
      threads.push(this);
    }
  }
  return { ...actual, Worker: NotedWorker };
});

const DESCRIPTION = { host: "box", pid: 7, version: "0.1.0", concurrency: 3, knownVersions: ["v"] };

let database: TestDatabase;
let buried: number;
const crashes: string[] = [];
let closing: AbortController;
const pulses: Pulse[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() => {
  buried = 0;
  crashes.length = 0;
  closing = new AbortController();
  threads.length = 0;
});
afterEach(async () => {
  await Promise.all(pulses.splice(0).map((pulse) => pulse.close()));
});

afterAll(async () => {
  await database.drop();
});

async function start(url = database.url): Promise<Pulse> {
  const pulse = await startPulse({
    connectionString: url,
    schemas: TEST_SCHEMAS,
    description: DESCRIPTION,
    onCrashed(errorMessage) {
      crashes.push(errorMessage);
    },
    onBuried() {
      buried++;
    },
    onRescued() {},
    closing: closing.signal,
  });
  pulses.push(pulse);
  return pulse;
}

async function look(workerId: number) {
  const { rows } = await database.pool.query<{
    host: string;
    pool_ids: string[];
    beat_at: Date;
    stopped_at: Date | null;
    locked: boolean;
    backends: number[];
  }>(
    `select host, pool_ids, beat_at, stopped_at, ratchet_private.is_worker_locked(id) as locked,
       array(select ratchet_private.worker_backends(id)) as backends
     from ratchet.workers where id = $1`,
    [workerId],
  );
  const [row] = rows;
  if (row === undefined) {
    throw new Error(`There is no worker ${workerId}.`);
  }
  return row;
}

/** Waits for two signs of life, and that the lock is held. */
async function beats(workerId: number): Promise<void> {
  const { beat_at: first } = await look(workerId);
  await waitUntil(
    async () => {
      const { beat_at: last, locked } = await look(workerId);
      return locked && last.getTime() > first.getTime() + 500;
    },
    { what: "signs of life" },
  );
}

test("a worker registers, holds its lock, gives signs of life, and gives up all of that", async () => {
  const pulse = await start();
  expect(await look(pulse.workerId)).toMatchObject({ host: "box", locked: true, stopped_at: null });
  await beats(pulse.workerId);
  await pulse.close();
  await pulse.close();
  await waitUntil(async () => !(await look(pulse.workerId)).locked, { what: "the lock to be free" });
});

test("the database knows its pools once that is answered", async () => {
  const pulse = await start();
  await pulse.notePools(["one", "two"]);
  expect((await look(pulse.workerId)).pool_ids).toStrictEqual(["one", "two"]);
});

test("a connection that is ended is opened again under the same number", async () => {
  const pulse = await start();
  const { backends } = await look(pulse.workerId);
  expect(backends).toHaveLength(1);
  await database.pool.query("select pg_terminate_backend($1)", [backends[0]]);
  await waitUntil(async () => (await look(pulse.workerId)).backends[0] !== backends[0], { what: "another connection" });
  await beats(pulse.workerId);
  expect(buried).toBe(0);
});

test("a thread that crashes is replaced, with its number and pools", async () => {
  const pulse = await start();
  await pulse.notePools(["one"]);
  await threads[0]?.terminate();
  await waitUntil(() => threads.length === 2, { what: "another thread" });
  await beats(pulse.workerId);
  expect((await look(pulse.workerId)).pool_ids).toStrictEqual(["one"]);
  expect(crashes).toStrictEqual(["The thread that gives signs of life ended by itself."]);
});

test("a worker that was taken for dead is told once, and goes on under its number", async () => {
  const pulse = await start();
  await database.pool.query("select ratchet_private.rescue_worker($1, p_is_silent => true)", [pulse.workerId]);
  await waitUntil(async () => (await look(pulse.workerId)).stopped_at === null, { what: "its revival" });
  await beats(pulse.workerId);
  expect(buried).toBe(1);
});

test("a worker that stops is not taken for dead, and stays stopped", async () => {
  const pulse = await start();
  closing.abort();
  await database.pool.query("select ratchet_private.release_worker($1)", [pulse.workerId]);
  // The first answer tells of the end, the second comes after what that has led to.
  await pulse.notePools(["one"]);
  await pulse.notePools(["two"]);
  expect(await look(pulse.workerId)).toMatchObject({ stopped_at: expect.any(Date) as Date });
  expect(buried).toBe(0);
});

test("a worker that cannot register is told why, and leaves no thread", async () => {
  await expect(start(database.url.replace(/[^\/]*$/v, "no_such_database"))).rejects.toMatchObject({ code: "3D000" });
  await expect(start("postgresql://127.0.0.1:1/none")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await waitUntil(() => threads.every(({ threadId }) => threadId === -1), { what: "the threads' end" });
});

test("a close does not wait for a connection that is being opened", async () => {
  const proxy = await startFaultProxy(database.url);
  try {
    const pulse = await start(proxy.url);
    const exits: number[] = [];
    threads[0]?.on("exit", (code) => {
      exits.push(code);
    });
    const { backends } = await look(pulse.workerId);
    await proxy.set({ kind: "swallow" }, "new");
    await database.pool.query("select pg_terminate_backend($1)", [backends[0]]);
    await waitUntil(async () => (await look(pulse.workerId)).backends.length === 0, { what: "the end of the old one" });
    await waitUntil(() => proxy.connections() > 0, { what: "another connection" });
    await pulse.close();
    // Not the 1 of a thread that had to be ended.
    expect(exits).toStrictEqual([0]);
  } finally {
    await proxy.close();
  }
});

test("a network that swallows keeps neither the close nor the next sign of life waiting", async () => {
  const proxy = await startFaultProxy(database.url);
  try {
    const pulse = await start(proxy.url);
    // What there is stays silent for ever, though the server believes in it; new connections are let through.
    await proxy.set({ kind: "forget" }, "live");
    const { beat_at: last, backends } = await look(pulse.workerId);
    await waitUntil(async () => (await look(pulse.workerId)).beat_at.getTime() > last.getTime() + 2000, {
      what: "a sign of life over another connection",
    });
    await waitUntil(async () => !(await look(pulse.workerId)).backends.includes(backends[0] ?? 0), {
      what: "the end of the old one",
    });
    await proxy.set({ kind: "swallow" });
    await pulse.close();
    expect(threads.map(({ threadId }) => threadId)).toStrictEqual([-1]);
  } finally {
    await proxy.close();
  }
});
