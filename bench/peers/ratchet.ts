import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import type { AnyJobDefinition } from "../../src/definition/jobDefinition.ts";
import { createRatchet, defineJob } from "../../src/index.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { type RunningWorker, startWorker } from "../../src/worker/index.ts";
import {
  createLedger,
  type DrainResult,
  type Ledger,
  nowMs,
  type Peer,
  peakRssMb,
  type RunOptions,
  type Settings,
} from "../peer.ts";
import { ownVersion } from "../machine.ts";
import { callsPerSecond } from "./timing.ts";

/** The identifier of the jobs. */
const IDENTIFIER = "bench";
const JOBS_A_CALL = 1000;

/** Jobs of one or of five tasks whose handlers note themselves and wait, or do nothing. */
function definition({ tasksPerJob, sleepUpToMs }: RunOptions, ledger: Ledger | null): AnyJobDefinition {
  const handler = (step: number) =>
    sleepUpToMs > 0
      ? ({ payload }: { payload: unknown }) => {
          ledger?.ran((payload as { n: number }).n, step);
          return sleep(Math.random() * sleepUpToMs);
        }
      : ({ payload }: { payload: unknown }) => {
          ledger?.ran((payload as { n: number }).n, step);
        };
  const oneTask = defineJob({}).task("step1", handler(0));
  if (tasksPerJob === 1) {
    return oneTask;
  }
  if (tasksPerJob !== 5) {
    throw new Error("The benchmark's jobs have one task or five.");
  }
  return oneTask
    .task("step2", handler(1))
    .task("step3", handler(2))
    .task("step4", handler(3))
    .task("step5", handler(4));
}

function work(options: RunOptions, ledger: Ledger | null): Promise<RunningWorker> {
  const { concurrency } = options.settings;
  return startWorker({
    connectionString: options.databaseUrl,
    definitions: { [IDENTIFIER]: definition(options, ledger) },
    log: createLogger({ level: "warn", destination: process.stderr }),
    ...(concurrency === undefined ? {} : { concurrency: Number(concurrency) }),
  });
}

async function setUp(options: RunOptions): Promise<void> {
  const pool = createPool({ connectionString: options.databaseUrl });
  await migrate(pool);
  await pool.end();
  // Registers the definition.
  await (await work(options, null)).stop();
}

/** Adds jobs by SQL alone, numbered from `from`, one call of `ratchet.add_jobs`. */
const ADD_JOBS = `select count(*) from ratchet.add_jobs(
  (select jsonb_agg(jsonb_build_object('identifier', '${IDENTIFIER}', 'payload', jsonb_build_object('n', n)))
   from generate_series($1::integer, $2::integer) n))`;

async function addInSlices({ databaseUrl, jobs }: RunOptions): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  for (let from = 0; from < jobs; from += JOBS_A_CALL) {
    await client.query({ name: "add", text: ADD_JOBS, values: [from, Math.min(from + JOBS_A_CALL, jobs) - 1] });
  }
  await client.end();
}

async function drain(options: RunOptions): Promise<DrainResult> {
  const ledger = createLedger(options);
  const worker = await work(options, ledger);
  let completed = 0;
  const lastDoneMs = await new Promise<number>((resolve) => {
    worker.events.on("job.completed", () => {
      completed++;
      if (completed === options.jobs) {
        resolve(nowMs());
      }
    });
  });
  const rssMb = peakRssMb();
  await worker.stop();
  ledger.check();
  return {
    firstStartMs: ledger.firstStartMs,
    lastDoneMs,
    handlersRun: ledger.handlersRun,
    verified: await verify(options),
    peakRssMb: rssMb,
  };
}

async function verify({ databaseUrl, jobs, tasksPerJob }: RunOptions): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{
    jobs: number;
    tasks: number;
    others: number;
    wakeUps: number;
    violations: number;
  }>(
    `select
       (select count(*)::integer from ratchet.jobs where status = 'COMPLETED') as jobs,
       (select count(*)::integer from ratchet.tasks where status = 'COMPLETED' and attempts = 1) as tasks,
       (select count(*)::integer from ratchet.tasks where status <> 'COMPLETED' or attempts <> 1) as others,
       (select count(*)::integer from graphile_worker.jobs) as "wakeUps",
       (select count(*)::integer from ratchet.violations) as violations`,
  );
  await client.end();
  const [found] = rows;
  if (
    found?.jobs !== jobs ||
    found.tasks !== jobs * tasksPerJob ||
    found.others + found.wakeUps + found.violations > 0
  ) {
    throw new Error(`Ratchet ends with ${JSON.stringify(found)} instead of ${jobs} jobs of ${tasksPerJob} tasks.`);
  }
  return "ratchet.tasks: every task COMPLETED with one attempt; ratchet.violations empty; no wake-up left; each handler ran once.";
}

async function one(options: RunOptions): Promise<number[]> {
  const worker = await work(options, null);
  const ratchet = createRatchet({ connectionString: options.databaseUrl });
  const waiting = new Map<string, (atMs: number) => void>();
  const early = new Map<string, number>();
  worker.events.on("job.completed", ({ jobId }) => {
    const atMs = nowMs();
    const resolve = waiting.get(jobId);
    if (resolve === undefined) {
      early.set(jobId, atMs);
    } else {
      resolve(atMs);
    }
  });
  const times: number[] = [];
  for (let n = 0; n < options.jobs; n++) {
    const beganMs = nowMs();
    const { id } = await ratchet.add(IDENTIFIER, { n });
    const { promise, resolve } = Promise.withResolvers<number>();
    waiting.set(id, resolve);
    times.push((early.get(id) ?? (await promise)) - beganMs);
  }
  await ratchet.close();
  await worker.stop();
  return times;
}

async function serial({ databaseUrl, jobs }: RunOptions): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const rate = await callsPerSecond(jobs, 1, (n) =>
    client.query({
      name: "add",
      text: "select id from ratchet.add_job($1::text, $2::jsonb)",
      values: [IDENTIFIER, JSON.stringify({ n })],
    }),
  );
  await client.end();
  return rate;
}

async function concurrent({ databaseUrl, jobs }: RunOptions): Promise<number> {
  const ratchet = createRatchet({ connectionString: databaseUrl });
  const rate = await callsPerSecond(jobs, 50, (n) => ratchet.add(IDENTIFIER, { n }));
  await ratchet.close();
  return rate;
}

async function bulk(options: RunOptions): Promise<number> {
  const beganMs = nowMs();
  await addInSlices(options);
  return options.jobs / ((nowMs() - beganMs) / 1000);
}

const shared = {
  version: () => Promise.resolve(ownVersion()),
  setUp,
  fill: addInSlices,
  drain,
};

const tuned: Settings = { concurrency: 400 };

/** Ratchet as it comes, and with the best settings found. */
export const peers: readonly Peer[] = [
  {
    ...shared,
    name: "ratchet-tuned",
    title: "Ratchet, tuned",
    about: "`startWorker` with the best `concurrency`; there is nothing else to tune.",
    best: { noop: tuned, sleeping: { concurrency: 500 }, single: tuned },
    jobs: { noop: 30_000, sleeping: 15_000, single: 40_000 },
    sweep: {
      noop: [50, 100, 200, 400, 800].map((concurrency) => ({ concurrency })),
      sleeping: [200, 500, 1000].map((concurrency) => ({ concurrency })),
      single: [100, 400, 800].map((concurrency) => ({ concurrency })),
    },
  },
  {
    ...shared,
    name: "ratchet",
    title: "Ratchet, defaults",
    about: "`startWorker` without options. One job at a time and adding have nothing to tune.",
    best: { noop: {}, sleeping: {}, single: {}, idle: {} },
    jobs: { noop: 15_000, sleeping: 3000, single: 20_000, idle: 100 },
    sweep: {},
    one,
    enqueue: { serial, concurrent, bulk },
  },
];
