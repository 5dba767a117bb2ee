import { afterAll, beforeAll, expect, test } from "vitest";

import { defineJob } from "../../src/index.ts";
import { startProxy } from "../engine/proxy.ts";
import { withAdmin, withDatabase } from "../support/databases.ts";
import { deferred, waitUntil } from "../support/waiting.ts";
import { createWorkerBench } from "./workerBench.ts";

const bench = createWorkerBench();
const unhandled: unknown[] = [];

function note(error: unknown): void {
  unhandled.push(error);
}

beforeAll(() => {
  process.on("unhandledRejection", note);
});

afterAll(() => {
  process.off("unhandledRejection", note);
});

function adminUrl(): string {
  return withDatabase(bench.database().url, "postgres");
}

function databaseName(): string {
  return new URL(bench.database().url).pathname.slice(1);
}

/** Ends every session of the database, as a crash of Postgres does. */
async function cutEverySession(): Promise<void> {
  await withAdmin(adminUrl(), (client) =>
    client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [databaseName()]),
  );
}

/** Lets nobody in until `during` has ended. */
async function whileAway(during: () => Promise<void>): Promise<void> {
  await withAdmin(adminUrl(), (client) =>
    client.query(`alter database ${databaseName()} with allow_connections false`),
  );
  await cutEverySession();
  try {
    await during();
  } finally {
    await withAdmin(adminUrl(), (client) =>
      client.query(`alter database ${databaseName()} with allow_connections true`),
    );
  }
}

test("sessions that are cut again and again lose no job and run no finished task twice", async () => {
  const ledger = new Map<string, number>();
  const steps = defineJob()
    .task("one", ({ task, job }) => {
      ledger.set(`${job.id} ${task.key}`, (ledger.get(`${job.id} ${task.key}`) ?? 0) + 1);
    })
    .task("two", ({ task, job }) => {
      ledger.set(`${job.id} ${task.key}`, (ledger.get(`${job.id} ${task.key}`) ?? 0) + 1);
    });
  const worker = await bench.start({ definitions: { steps }, pollIntervalMs: 200 });
  const jobIds = await bench.addMany("steps", 200);
  for (let cut = 0; cut < 3; cut++) {
    const before = worker.seen("job.completed").length;
    await cutEverySession();
    await waitUntil(() => worker.seen("job.completed").length > before || worker.seen("job.completed").length >= 200, {
      what: "progress after a cut",
    });
  }
  for (const jobId of jobIds) {
    await waitUntil(async () => (await bench.job(jobId).catch(() => null))?.status === "COMPLETED", {
      what: `the end of job ${jobId}`,
    });
  }
  // At least once: only what was in flight at a cut may have run again, and nothing after its commit.
  expect(ledger.size).toBe(400);
  expect(await bench.violations()).toStrictEqual([]);
  expect(unhandled).toStrictEqual([]);
}, 120_000);

test("while Postgres is away its trouble is told once; afterwards the job goes on where it was", async () => {
  const running = deferred();
  const go = deferred();
  const calls: string[] = [];
  const steps = defineJob()
    .task("first", async () => {
      calls.push("first");
      running.resolve();
      await go.promise;
    })
    .task("second", () => {
      calls.push("second");
    });
  const worker = await bench.start({ definitions: { steps }, pollIntervalMs: 200 });
  const jobId = await bench.add("steps");
  await running.promise;
  await whileAway(async () => {
    go.resolve();
    await worker.event("database.troubled");
    // Several repeats later.
    const startedAt = performance.now();
    await waitUntil(() => performance.now() - startedAt > 700);
  });
  await worker.event("job.completed", (event) => event.jobId === jobId);
  expect(calls).toStrictEqual(["first", "second"]);
  const troubles = worker.seen("database.troubled").map(({ kind }) => kind);
  expect(troubles).toStrictEqual([...new Set(troubles)]);
  await worker.event("database.recovered");
  expect(unhandled).toStrictEqual([]);

  const later = await bench.add("steps");
  await worker.event("job.completed", (event) => event.jobId === later);
}, 120_000);

test("a worker goes on with other jobs after Postgres was away, though one handler goes on for long", async () => {
  const running = deferred();
  const go = deferred();
  const long = defineJob().task("only", async () => {
    running.resolve();
    await go.promise;
  });
  const quick = defineJob().task("only", () => {});
  const worker = await bench.start({ definitions: { long, quick }, pollIntervalMs: 200, concurrency: 2 });
  const longId = await bench.add("long");
  await running.promise;
  const quickId = await bench.add("quick");
  await worker.event("job.completed", (event) => event.jobId === quickId);
  await whileAway(async () => {
    const startedAt = performance.now();
    await waitUntil(() => performance.now() - startedAt > 300);
  });
  const another = await bench.add("quick");
  await worker.event("job.completed", (event) => event.jobId === another);
  go.resolve();
  await worker.event("job.completed", (event) => event.jobId === longId);
  expect(unhandled).toStrictEqual([]);
}, 120_000);

test("stop ends while Postgres is away, and the next worker goes on with the job", async () => {
  const running = deferred();
  const go = deferred();
  const steps = defineJob().task("only", async () => {
    running.resolve();
    await go.promise;
  });
  const worker = await bench.start({ definitions: { steps }, shutdownGraceMs: 100 });
  const jobId = await bench.add("steps");
  await running.promise;
  await whileAway(async () => {
    go.resolve();
    await worker.event("database.troubled");
    await worker.stop();
  });
  await bench.start({ definitions: { steps }, pollIntervalMs: 200 });
  expect((await bench.ended(jobId)).status).toBe("COMPLETED");
  expect(unhandled).toStrictEqual([]);
}, 120_000);

test("a wake-up whose fetch got no answer runs at once and blocks neither its queue nor a row", async () => {
  const proxy = await startProxy(bench.database().url);
  const noop = defineJob().task("only", () => {});
  const worker = await bench.start({ connectionString: proxy.url, definitions: { noop }, concurrency: 1 });
  const early = await bench.add("noop", {}, { queueName: "one_by_one" });
  await bench.ended(early);
  await waitUntil(async () => (await bench.wakeUps()).length === 0, { what: "an empty queue" });

  const cut = proxy.cutNext("get_job", "after");
  const jobIds = [
    await bench.add("noop", {}, { queueName: "one_by_one" }),
    await bench.add("noop", {}, { queueName: "one_by_one" }),
  ];
  await cut;
  const ends = await Promise.all(jobIds.map(bench.ended));
  expect(ends.map(({ status }) => status)).toStrictEqual(["COMPLETED", "COMPLETED"]);
  await waitUntil(async () => (await bench.wakeUps()).length === 0, { what: "an empty queue" });
  await worker.stop();
  await proxy.close();
});
