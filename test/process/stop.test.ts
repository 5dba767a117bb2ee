import { expect, test } from "vitest";

import type { RunningCommand } from "../support/command.ts";
import { startFaultProxy } from "../support/faultProxy.ts";
import { waitUntil } from "../support/waiting.ts";
import { createWorkerProcesses } from "./workerProcesses.ts";

const workers = createWorkerProcesses();

/** Ends within the shutdown grace, or never of itself. */
const QUICK = `export default defineJob().task("begin", async ({ job }) => {
  note("begins " + job.id);
  while (!existsSync(new URL("../go", import.meta.url))) await pause(10);
  note("ends " + job.id);
}).task("after", ({ job }) => note("after " + job.id));`;
const POLITE = `export default defineJob().task("only", async ({ job, signal }) => {
  note("begins " + job.id);
  while (!existsSync(new URL("../go", import.meta.url))) { await pause(10); signal.throwIfAborted(); }
  note("ends " + job.id);
});`;
const STUBBORN = `export default defineJob().task("only", async ({ job }) => {
  note("begins " + job.id);
  if (!existsSync(new URL("../go", import.meta.url))) { setInterval(() => {}, 1000); await new Promise(() => {}); }
  note("ends " + job.id);
});`;
const PLAIN_POLITE = `export default async (_payload, helpers) => {
  note("begins polite");
  while (!existsSync(new URL("../go", import.meta.url))) { await pause(10); helpers.abortSignal.throwIfAborted(); }
  note("ends polite");
};`;
const PLAIN_STUBBORN = `export default async () => {
  note("begins stubborn");
  if (!existsSync(new URL("../go", import.meta.url))) await new Promise(() => {});
  note("ends stubborn");
};`;

async function started(...lines: readonly string[]): Promise<void> {
  await waitUntil(() => lines.every((line) => workers.ledger().includes(line)), {
    what: () => `${lines.join(", ")} in ${workers.ledger().join(", ")}`,
  });
}

async function begin(settings: NodeJS.ProcessEnv = {}): Promise<RunningCommand> {
  const worker = workers.start(settings);
  await worker.printed('"worker started"');
  return worker;
}

/** What a stop must leave nothing of. */
const TRACES = `select
  (select count(*)::int from ratchet.task_failures) as failures,
  (select count(*)::int from ratchet.tasks where deaths > 0 or attempts > 0 and status <> 'COMPLETED') as counted,
  (select count(*)::int from graphile_worker._private_jobs where locked_at is not null or attempts > 0 or run_at > now()) as late,
  (select count(*)::int from graphile_worker._private_job_queues where locked_at is not null) as "lockedQueues",
  (select count(*)::int from ratchet.workers where stopped_at is null) as workers,
  (select count(*)::int from ratchet.jobs where worker_id is not null) as held`;
const NONE = { failures: 0, counted: 0, late: 0, lockedQueues: 0, workers: 0, held: 0 };

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s: what ends within the grace is kept; the rest, plain tasks too, is handed back at once, uncounted; status 0",
  async (signal) => {
    for (const [name, text] of Object.entries({ quick: QUICK, polite: POLITE, stubborn: STUBBORN })) {
      workers.task(name, text);
    }
    workers.task("plain_polite", PLAIN_POLITE);
    workers.task("plain_stubborn", PLAIN_STUBBORN);
    const worker = await begin({ RATCHET_SHUTDOWN_GRACE: "300 ms" });
    const [polite, stubborn] = [await workers.add("polite"), await workers.add("stubborn")];
    await workers.rows("select graphile_worker.add_job('plain_polite')");
    await workers.rows("select graphile_worker.add_job('plain_stubborn', queue_name => 'serial')");
    await started(`begins ${polite}`, `begins ${stubborn}`, "begins polite", "begins stubborn");
    worker.child.kill(signal);
    expect([await worker.ended, worker.errors()]).toStrictEqual([0, ""]);
    expect(await workers.rows(TRACES)).toStrictEqual([NONE]);
    expect(await workers.rows("select 1 from graphile_worker._private_jobs")).toHaveLength(4);

    workers.touch("go");
    await begin();
    await Promise.all([workers.ended(polite), workers.ended(stubborn)]);
    await started("ends polite", "ends stubborn");
    expect((await workers.job(polite))?.tasks.map(({ status, attempts }) => [status, attempts])).toStrictEqual([
      ["COMPLETED", 1],
    ]);
    expect(workers.ledger().filter((line) => line.startsWith("ends"))).toHaveLength(4);
  },
  120_000,
);

test("a task that ends within the grace is COMPLETED, and the next one runs on another worker that was there already", async () => {
  workers.task("quick", QUICK);
  const worker = await begin();
  const jobId = await workers.add("quick");
  await started(`begins ${jobId}`);
  await begin();
  worker.child.kill("SIGTERM");
  await waitUntil(
    async () => (await workers.rows(`select 1 from ratchet.workers where stopped_at is null`)).length > 0,
  );
  workers.touch("go");
  expect(await worker.ended).toBe(0);
  expect((await workers.ended(jobId)).tasks.map(({ attempts }) => attempts)).toStrictEqual([1, 1]);
  expect(workers.ledger()).toStrictEqual([`begins ${jobId}`, `ends ${jobId}`, `after ${jobId}`]);
}, 120_000);

test("a handler that blocks the event loop past the grace is heard out, and the process ends after it", async () => {
  workers.task(
    "blocking",
    `export default defineJob().task("only", ({ job }) => {
       note("begins " + job.id);
       const until = Date.now() + 1500;
       while (Date.now() < until);
     });`,
  );
  const worker = await begin({ RATCHET_SHUTDOWN_GRACE: "200 ms" });
  const jobId = await workers.add("blocking");
  await started(`begins ${jobId}`);
  worker.child.kill("SIGTERM");
  expect(await worker.ended).toBe(0);
  expect((await workers.job(jobId))?.status).toBe("COMPLETED");
  expect(await workers.rows(TRACES)).toStrictEqual([NONE]);
}, 120_000);

test("a second signal ends the process at once, with 128 and its number", async () => {
  workers.task("stubborn", STUBBORN);
  const worker = await begin({ RATCHET_SHUTDOWN_GRACE: "10 min" });
  const jobId = await workers.add("stubborn");
  await started(`begins ${jobId}`);
  worker.child.kill("SIGTERM");
  // One key press that npm forwards comes twice; a second signal counts a moment later.
  const repeating = setInterval(() => {
    worker.child.kill("SIGTERM");
  }, 50);
  expect(await worker.ended).toBe(143);
  clearInterval(repeating);
}, 120_000);

test("Postgres away during the stop: the process ends all the same, and says what becomes of its jobs", async () => {
  workers.task("stubborn", STUBBORN);
  const proxy = await startFaultProxy(workers.database().url);
  try {
    const worker = await begin({ DATABASE_URL: proxy.url, RATCHET_SHUTDOWN_GRACE: "200 ms" });
    const jobId = await workers.add("stubborn");
    await started(`begins ${jobId}`);
    await waitUntil(async () => (await workers.job(jobId))?.tasks[0]?.status === "RUNNING");
    await proxy.set({ kind: "swallow" });
    worker.child.kill("SIGTERM");
    expect(await worker.ended).toBe(0);
    expect(worker.output()).toContain("is not handed back; other workers take it over");
    expect((await workers.job(jobId))?.tasks).toMatchObject([{ status: "RUNNING", attempts: 0 }]);
  } finally {
    await proxy.close();
  }
}, 120_000);

test("SIGTERM while the start waits for a Postgres that says nothing ends it", async () => {
  workers.task("quick", QUICK);
  const proxy = await startFaultProxy(workers.database().url);
  try {
    await proxy.set({ kind: "swallow" });
    const worker = workers.start({ DATABASE_URL: proxy.url, RATCHET_SHUTDOWN_GRACE: "100 ms" });
    await waitUntil(() => proxy.connections() > 0, { what: "a connection" });
    worker.child.kill("SIGTERM");
    expect(await worker.ended).toBe(1);
    expect(worker.errors()).toContain("something does not answer");
  } finally {
    await proxy.close();
  }
}, 120_000);

test.each(["ratchet worker", "ratchet engine", "ratchet queue"])(
  "SIGTERM during the start, when the connections called '%s' are opened, leaves nothing behind",
  async (name) => {
    workers.task("quick", QUICK);
    const worker = workers.start();
    await waitUntil(
      async () =>
        (
          await workers.rows(
            "select 1 from pg_stat_activity where datname = current_database() and application_name = $1",
            [name],
          )
        ).length > 0,
      { what: name },
    );
    worker.child.kill("SIGTERM");
    expect([await worker.ended, worker.errors()]).toStrictEqual([0, ""]);
    expect(await workers.rows(TRACES)).toStrictEqual([NONE]);
  },
  120_000,
);

test("SIGTERM while a claim waits for somebody's lock: the process ends, and the job runs elsewhere, uncounted", async () => {
  workers.task("quick", QUICK);
  workers.touch("go");
  const worker = await begin({ RATCHET_SHUTDOWN_GRACE: "100 ms" });
  const holder = await workers.database().pool.connect();
  try {
    await holder.query(`begin; select ratchet.add_job('quick', '{}', run_at => now() + interval '1 s');
      commit; begin; lock table ratchet.jobs in share row exclusive mode`);
    const waiting = "select 1 from pg_locks where relation = 'ratchet.jobs'::regclass and not granted";
    await waitUntil(async () => (await workers.rows(waiting)).length > 0, { what: "a claim that waits" });
    worker.child.kill("SIGTERM");
    expect(await worker.ended).toBe(0);
  } finally {
    await holder.query("rollback");
    holder.release(true);
  }
  await begin();
  const [row] = await workers.rows<{ id: string }>("select id from ratchet.jobs");
  const job = await workers.ended(row?.id ?? "");
  expect(job.tasks.map(({ attempts, status }) => [attempts, status])).toStrictEqual([
    [1, "COMPLETED"],
    [1, "COMPLETED"],
  ]);
  expect(workers.ledger()).toHaveLength(3);
}, 120_000);

test("SIGTERM while `ratchet up` waits for somebody's lock to migrate: it ends, and nothing is changed", async () => {
  workers.task("quick", QUICK);
  await workers.rows("update ratchet_private.schema_state set hash = 'before', files = '{}'");
  const holder = await workers.database().pool.connect();
  try {
    await holder.query("begin; lock table ratchet.jobs in row exclusive mode");
    const command = workers.start({}, { command: "up --port 0" });
    const waiting = "select 1 from pg_locks where relation = 'ratchet.jobs'::regclass and not granted";
    await waitUntil(async () => (await workers.rows(waiting)).length > 0, { what: "a migration" });
    command.child.kill("SIGTERM");
    expect([await command.ended, command.errors()]).toStrictEqual([0, ""]);
  } finally {
    await holder.query("rollback");
    holder.release(true);
  }
  expect(await workers.rows("select hash from ratchet_private.schema_state")).toStrictEqual([{ hash: "before" }]);
}, 120_000);

test("`ratchet up`: running tasks end within the grace, the rest is handed back, and requests have no grace of their own after it", async () => {
  workers.task("stubborn", STUBBORN);
  const command = workers.start({ RATCHET_SHUTDOWN_GRACE: "300 ms" }, { command: "up --port 0" });
  await command.printed("GraphQL");
  const jobId = await workers.add("stubborn");
  await started(`begins ${jobId}`);
  command.child.kill("SIGTERM");
  expect(await command.ended).toBe(0);
  expect(command.output()).toContain("Stopped.");
  expect(await workers.rows(TRACES)).toStrictEqual([NONE]);
}, 120_000);
