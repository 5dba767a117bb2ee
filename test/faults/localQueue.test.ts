import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";

import { addJob } from "../../src/database/calls/jobs.ts";
import { createPool } from "../../src/database/pool.ts";
import { defineJob } from "../../src/index.ts";
import { createEventHub } from "../../src/telemetry/events.ts";
import { startWorker } from "../../src/worker/startWorker.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { type FaultyServer, type StopMode, startFaultyServer } from "./faultyServer.ts";

const PLACES = 10;
const QUICK = 200;
const SLOW = 30;

let server: FaultyServer;
const unhandled: unknown[] = [];

function note(error: unknown): void {
  unhandled.push(error);
}

beforeAll(async () => {
  server = await startFaultyServer();
  process.on("unhandledRejection", note);
});

afterAll(async () => {
  process.off("unhandledRejection", note);
  await server.remove();
});

async function addJobs(identifier: string, count: number): Promise<void> {
  const pool = createPool({ connectionString: server.url, max: 1, schemas: TEST_SCHEMAS });
  await pool.query("begin");
  for (let job = 0; job < count; job++) {
    await addJob(pool, { identifier, payload: {} });
  }
  await pool.query("commit");
  await pool.end();
}

async function unfinished(): Promise<number> {
  const rows = await server.sql<{ count: number }>(
    "select count(*)::int as count from ratchet.jobs where finished_at is null",
  );
  return rows[0]?.count ?? 0;
}

async function locked(): Promise<number> {
  const rows = await server.sql<{ count: number }>(
    "select count(*)::int as count from graphile_worker.jobs where locked_at is not null",
  );
  return rows[0]?.count ?? 0;
}

test("Postgres goes away again and again while the local queue holds rows: nothing is stuck and no promise unhandled", async () => {
  let go = deferred();
  const quick = defineJob().task("only", () => {});
  const slow = defineJob().task("only", () => go.promise);
  const worker = await startWorker({
    connectionString: server.url,
    schemas: TEST_SCHEMAS,
    definitions: { quick, slow },
    concurrency: PLACES,
    pollIntervalMs: 200,
    log: pino({ level: "silent" }),
    events: createEventHub((error) => {
      throw error;
    }),
  });
  const modes: readonly StopMode[] = ["immediate", "fast", "immediate", "fast", "immediate", "fast"];
  for (const mode of modes) {
    go = deferred();
    await addJobs("quick", QUICK);
    await addJobs("slow", SLOW);
    await waitUntil(async () => (await unfinished()) <= SLOW && (await locked()) > PLACES, {
      what: "rows in the local queue",
    });
    await server.stop(mode);
    // Returns begin, and fail, while it is away.
    const awayAtMs = performance.now();
    await waitUntil(() => performance.now() - awayAtMs > 800);
    await server.start();
    // Only what handlers run is still locked, though the old pool goes on for as long as they do.
    await waitUntil(async () => (await locked()) <= PLACES * 2, { what: "the return of what was held" });
    go.resolve();
    await waitUntil(async () => (await unfinished()) === 0, { timeoutMs: 60_000, what: `the end after ${mode}` });
  }
  await waitUntil(async () => (await locked()) === 0, { what: "no wake-up" });
  await worker.stop();
  expect(unhandled).toStrictEqual([]);
}, 240_000);
