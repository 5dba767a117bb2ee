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
  nowMs,
  type Peer,
  peakRssMb,
  type RunOptions,
  type Settings,
} from "../peer.ts";
import { ownVersion } from "../machine.ts";
import { addInSlices, addOneByOne } from "./support/addBySql.ts";
import { callsPerSecond, ratePerSecond } from "./support/timing.ts";
import { createWork, type Work } from "./support/work.ts";

/** The identifier of the jobs. */
const IDENTIFIER = "bench";

/** Jobs of one or of five tasks. */
function definition({ tasksPerJob }: RunOptions, work: Work): AnyJobDefinition {
  const handler =
    (step: number) =>
    ({ payload }: { payload: unknown }) =>
      work((payload as { n: number }).n, step);
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

function start(options: RunOptions, work: Work): Promise<RunningWorker> {
  const { concurrency } = options.settings;
  return startWorker({
    connectionString: options.databaseUrl,
    definitions: { [IDENTIFIER]: definition(options, work) },
    log: createLogger({ level: "warn", destination: process.stderr }),
    ...(concurrency === undefined ? {} : { concurrency: Number(concurrency) }),
  });
}

async function setUp(options: RunOptions): Promise<void> {
  const pool = createPool({ connectionString: options.databaseUrl });
  await migrate(pool);
  await pool.end();
  // Registers the definition.
  await (await start(options, async () => {})).stop();
}

const ADD_JOBS = `select count(*) from ratchet.add_jobs(
  (select jsonb_agg(jsonb_build_object('identifier', '${IDENTIFIER}', 'payload', jsonb_build_object('n', n)))
   from generate_series($1::integer, $2::integer) n))`;

function fill(options: RunOptions): Promise<void> {
  return addInSlices(options, ADD_JOBS);
}

async function drain(options: RunOptions): Promise<DrainResult> {
  const ledger = createLedger(options);
  const worker = await start(options, createWork(options, ledger));
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
  const ledger = createLedger(options);
  const worker = await start(options, createWork(options, ledger));
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
  ledger.check();
  await verify(options);
  return times;
}

async function concurrent({ databaseUrl, jobs }: RunOptions): Promise<number> {
  const ratchet = createRatchet({ connectionString: databaseUrl });
  const rate = await callsPerSecond(jobs, 50, (n) => ratchet.add(IDENTIFIER, { n }));
  await ratchet.close();
  return rate;
}

const shared = {
  version: () => Promise.resolve(ownVersion()),
  setUp,
  fill,
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
    enqueue: {
      serial: (options) => addOneByOne(options, `select id from ratchet.add_job('${IDENTIFIER}', $1::jsonb)`),
      concurrent,
      bulk: (options) => ratePerSecond(options.jobs, () => fill(options)),
    },
  },
];
