import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import type { FromPulse } from "../../src/engine/pulseMessages.ts";
import { type PulseRun, runPulse } from "../../src/engine/runPulse.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

// In this thread, not in one of its own as pulse.test.ts: every message is seen, and so is what coverage counts.

interface Observed {
  readonly workerId: number;
  readonly run: PulseRun;
  readonly told: readonly FromPulse[];
  /** Waits for what the pulse tells. */
  readonly hears: <Kind extends FromPulse["kind"]>(kind: Kind) => Promise<Extract<FromPulse, { readonly kind: Kind }>>;
}

let database: TestDatabase;
const runs: PulseRun[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.hear({ kind: "close" });
  }
  await waitUntil(async () => (await sessions()) === 0, { what: "the end of the pulses' sessions" });
  // Or they are the dead ones that a later test's pulse finds first.
  await database.pool.query("delete from ratchet.workers");
});

afterAll(() => database.drop());

async function sessions(): Promise<number> {
  const { rows } = await database.pool.query<{ open: number }>(
    "select count(*)::int as open from pg_stat_activity where datname = current_database() and application_name in ('ratchet pulse', 'ratchet rescue')",
  );
  return rows[0]?.open ?? 0;
}

function begin(connectionString: string): Omit<Observed, "workerId"> {
  const told: FromPulse[] = [];
  const run = runPulse(
    {
      connectionString,
      schemas: TEST_SCHEMAS,
      description: { host: "box", pid: 7, version: "0.1.0", concurrency: 3, knownVersions: ["v"] },
      workerId: undefined,
      poolIds: [],
    },
    (message) => {
      told.push(message);
    },
  );
  runs.push(run);
  return {
    run,
    told,
    hears: <Kind extends FromPulse["kind"]>(kind: Kind) =>
      waitUntil(
        () => told.find((message): message is Extract<FromPulse, { readonly kind: Kind }> => message.kind === kind),
        { what: `"${kind}" among ${JSON.stringify(told)}` },
      ),
  };
}

async function start(): Promise<Observed> {
  const begun = begin(database.url);
  return { ...begun, ...(await begun.hears("registered")) };
}

async function stoppedAt(workerId: number): Promise<Date | null> {
  const { rows } = await database.pool.query<{ stopped_at: Date | null }>(
    "select stopped_at from ratchet.workers where id = $1",
    [workerId],
  );
  return rows[0]?.stopped_at ?? null;
}

/** The backend that holds a worker's lock. */
async function backendOf(workerId: number): Promise<number | undefined> {
  const { rows } = await database.pool.query<{ pid: number }>("select ratchet_private.worker_backends($1) as pid", [
    workerId,
  ]);
  return rows[0]?.pid;
}

test("a sign of life that was asked for is answered with its number", async () => {
  const { run, told, workerId } = await start();
  run.hear({ kind: "pools", poolIds: ["one"], number: 1 });
  run.hear({ kind: "pools", poolIds: ["two"], number: 2 });
  await waitUntil(() => told.some((message) => message.kind === "beaten" && message.number === 2));
  const { rows } = await database.pool.query("select pool_ids from ratchet.workers where id = $1", [workerId]);
  expect(rows).toStrictEqual([{ pool_ids: ["two"] }]);
});

test("one that cannot register says why, with the fields of the error, and ends", async () => {
  const missing = begin(database.url.replace(/[^\/]*$/v, "no_such_database"));
  expect(await missing.hears("refused")).toMatchObject({ fields: { code: "3D000" } });
  const refused = begin("postgresql://127.0.0.1:1/none");
  expect(await refused.hears("refused")).toMatchObject({
    message: expect.stringContaining("ECONNREFUSED") as string,
    fields: { code: "ECONNREFUSED" },
  });
  expect(missing.told).toHaveLength(1);
});

test("a connection that is lost is replaced, under the same number", async () => {
  const { told, workerId } = await start();
  const first = await backendOf(workerId);
  await database.pool.query("select pg_terminate_backend($1)", [first]);
  await waitUntil(async () => ![undefined, first].includes(await backendOf(workerId)), {
    what: "another connection with the lock",
  });
  expect(told.filter(({ kind }) => kind === "registered")).toHaveLength(1);
});

test("one that was taken for dead says so once, rescues nobody, and lives again when it is told to", async () => {
  const { run, told, workerId, hears } = await start();
  await database.pool.query("select ratchet_private.rescue_worker($1, p_is_silent => true)", [workerId]);
  await hears("buried");
  const beatsBefore = told.filter(({ kind }) => kind === "beaten").length;
  await waitUntil(() => told.filter(({ kind }) => kind === "beaten").length >= beatsBefore + 2);
  expect(told.filter(({ kind }) => kind === "buried")).toHaveLength(1);
  expect(await stoppedAt(workerId)).not.toBeNull();
  run.hear({ kind: "revive" });
  await waitUntil(async () => (await stoppedAt(workerId)) === null, { what: "its revival" });
});

test("one that has fallen silent without its lock is rescued by the one that saw it alive", async () => {
  const observer = await start();
  const other = await start();
  const seen = observer.told.length;
  // Twice seen alive: then it is not protected as one that a restart of Postgres may have cut off.
  await waitUntil(() => observer.told.length >= seen + 4);
  other.run.hear({ kind: "close" });
  expect(await observer.hears("rescued")).toStrictEqual({ kind: "rescued", deadId: other.workerId, jobIds: [] });
  expect(await stoppedAt(other.workerId)).not.toBeNull();
});
