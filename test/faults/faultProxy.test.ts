import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { waitUntil } from "../support/waiting.ts";

let database: TestDatabase;
let proxy: FaultProxy;
const clients: pg.Client[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});

beforeEach(async () => {
  proxy = await startFaultProxy(database.url);
});

afterEach(async () => {
  await proxy.close();
  for (const client of clients.splice(0)) {
    await client.end().catch(() => {});
  }
});

afterAll(async () => {
  await database.drop();
});

function createClient(): pg.Client {
  const client = new pg.Client({ connectionString: proxy.url });
  client.on("error", () => {});
  clients.push(client);
  return client;
}

async function connect(): Promise<pg.Client> {
  const client = createClient();
  await client.connect();
  return client;
}

/** Whether an answer has come. */
function follow(answer: Promise<unknown>): { ended: boolean } {
  const state = { ended: false };
  const wait = async (): Promise<void> => {
    await answer.catch(() => {});
    state.ended = true;
  };
  void wait();
  return state;
}

async function pause(durationMs: number): Promise<void> {
  const begin = performance.now();
  await waitUntil(() => performance.now() - begin > durationMs);
}

async function backends(client: pg.Client): Promise<number> {
  const { processID } = client as unknown as { readonly processID: number };
  const { rowCount } = await database.pool.query("select 1 from pg_stat_activity where pid = $1", [processID]);
  return rowCount ?? 0;
}

test("lets large values through unchanged, both ways", async () => {
  const client = await connect();
  const text = "x".repeat(5_000_000);
  const { rows } = await client.query<{ length: number; back: string }>(
    "select length($1::text)::int as length, $1::text as back",
    [text],
  );
  expect(rows).toStrictEqual([{ length: text.length, back: text }]);
});

test("a delay is added to each direction", async () => {
  const client = await connect();
  await proxy.set({ kind: "delay", delayMs: 150 });
  const begin = performance.now();
  await client.query("select 1");
  expect(performance.now() - begin).toBeGreaterThan(290);
  await proxy.heal();
  await client.query("select 1");
});

test("a throttled connection is slow and complete", async () => {
  const client = await connect();
  await proxy.set({ kind: "throttle", bytesPerSecond: 200_000 });
  const begin = performance.now();
  const { rows } = await client.query<{ text: string }>("select repeat('x', 100000) as text");
  expect(rows[0]?.text).toHaveLength(100_000);
  expect(performance.now() - begin).toBeGreaterThan(300);
});

test("swallowed bytes and connections arrive when the network is back", async () => {
  const client = await connect();
  await proxy.set({ kind: "swallow" });
  const answer = client.query("select 1");
  const late = createClient();
  const lateConnect = late.connect();
  const states = [follow(answer), follow(lateConnect)];
  await pause(200);
  expect(states).toStrictEqual([{ ended: false }, { ended: false }]);
  await proxy.heal();
  expect(await answer).toMatchObject({ rowCount: 1 });
  await lateConnect;
});

test("a forgotten connection stays silent after healing, and neither side is told", async () => {
  const client = await connect();
  await proxy.set({ kind: "forget" });
  const state = follow(client.query("select 1"));
  await proxy.heal();
  await pause(200);
  expect(state.ended).toBe(false);
  expect(await backends(client)).toBe(1);
  await (await connect()).query("select 1");
});

test("a reset ends both sides of what there is", async () => {
  const client = await connect();
  const lost = new Promise((resolve) => {
    client.once("end", resolve);
  });
  await proxy.set({ kind: "reset" });
  await lost;
  await waitUntil(async () => (await backends(client)) === 0);
  await (await connect()).query("select 1");
  expect(proxy.connections()).toBe(1);
});

test("refuses new connections only, until it is healed", async () => {
  const client = await connect();
  await proxy.set({ kind: "refuse" });
  await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await client.query("select 1");
  await proxy.heal();
  await (await connect()).query("select 1");
});

test("half open towards the client: the server has closed, and the client is not told", async () => {
  const client = await connect();
  await proxy.set({ kind: "halfOpen", closedSide: "server" });
  await waitUntil(async () => (await backends(client)) === 0);
  const state = follow(client.query("select 1"));
  await pause(100);
  expect(state.ended).toBe(false);
});

test("half open towards the server: the client is gone, and its session goes on", async () => {
  const client = await connect();
  const lost = new Promise((resolve) => {
    client.once("end", resolve);
  });
  await proxy.set({ kind: "halfOpen", closedSide: "client" });
  await lost;
  await pause(100);
  expect(await backends(client)).toBe(1);
});

test("a fault can be for new connections alone, or for those there are", async () => {
  const client = await connect();
  await proxy.set({ kind: "swallow" }, "new");
  await client.query("select 1");
  const state = follow(createClient().connect());
  await pause(100);
  expect(state.ended).toBe(false);
  await proxy.heal();
  await proxy.set({ kind: "forget" }, "live");
  await (await connect()).query("select 1");
});
