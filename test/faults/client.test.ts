import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { createRatchet, defineJob } from "../../src/index.ts";
import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

/** What docs/operations.md promises. */
const LIMIT_MS = 45_000;

let database: TestDatabase;
let proxy: FaultProxy;

beforeAll(async () => {
  database = await createTestDatabase();
  const definition = defineJob().task("only", () => {});
  await registerDefinitions(database.pool, [definitionRow("quick", definition)], false);
});

beforeEach(async () => {
  proxy = await startFaultProxy(database.url);
});

afterEach(async () => {
  await proxy.close();
});

afterAll(async () => {
  await database.drop();
});

async function count(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>("select count(*)::int as count from ratchet.jobs");
  return rows[0]?.count ?? 0;
}

test(
  "add fails in time, with a reason, when the network swallows everything",
  async () => {
    const ratchet = createRatchet({ connectionString: proxy.url, schemas: TEST_SCHEMAS });
    await ratchet.add("quick", {});
    const before = await count();
    await proxy.set({ kind: "swallow" });
    await proxy.set({ kind: "forget" }, "live");
    await expect(ratchet.add("quick", {})).rejects.toMatchObject({ code: "RT101", retryable: true });
    expect(await count()).toBe(before);
    await proxy.heal();
    await ratchet.add("quick", {});
    expect(await count()).toBe(before + 1);
    await ratchet.close();
  },
  LIMIT_MS,
);

test(
  "a client that has never connected fails in time too",
  async () => {
    await proxy.set({ kind: "swallow" });
    const ratchet = createRatchet({ connectionString: proxy.url, schemas: TEST_SCHEMAS });
    await expect(ratchet.add("quick", {})).rejects.toMatchObject({ code: "RT101" });
    await ratchet.close();
  },
  LIMIT_MS,
);

test(
  "add goes on over a new connection when only the old ones are forgotten",
  async () => {
    const ratchet = createRatchet({ connectionString: proxy.url, schemas: TEST_SCHEMAS });
    await ratchet.add("quick", {}, { checkPayload: false });
    await proxy.set({ kind: "forget" }, "live");
    const before = await count();
    await ratchet.add("quick", {}, { checkPayload: false });
    expect(await count()).toBe(before + 1);
    await ratchet.close();
  },
  LIMIT_MS,
);
