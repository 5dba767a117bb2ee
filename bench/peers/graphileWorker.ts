import { setTimeout as sleep } from "node:timers/promises";
import { Logger, makeWorkerUtils, type Runner, run, runMigrations, type TaskList } from "graphile-worker";
import pg from "pg";

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
import { packageVersion } from "../machine.ts";
import { callsPerSecond, until } from "./timing.ts";

const JOBS_A_CALL = 1000;

/** graphile-worker without its lines on the console. */
const quiet = new Logger(() => () => {
  // Nobody listens.
});

/** A pool of `settings.pool` connections, by default graphile-worker's ten. */
export function openPool({ databaseUrl, settings }: RunOptions): pg.Pool {
  return new pg.Pool({ connectionString: databaseUrl, max: Number(settings["pool"] ?? 10) });
}

/** Starts graphile-worker with the settings `concurrency`, `localQueue` and `completeDelay`, each its default if missing. */
export function startRunner(pgPool: pg.Pool, { settings }: RunOptions, taskList: TaskList): Promise<Runner> {
  const { concurrency, localQueue, completeDelay } = settings;
  return run({
    pgPool,
    taskList,
    noHandleSignals: true,
    logger: quiet,
    parsedCronItems: [],
    preset: {
      worker: {
        ...(concurrency === undefined ? {} : { concurrentJobs: Number(concurrency) }),
        ...(localQueue === undefined ? {} : { localQueue: { size: Number(localQueue) } }),
        ...(completeDelay === undefined
          ? {}
          : { completeJobBatchDelay: Number(completeDelay), failJobBatchDelay: Number(completeDelay) }),
      },
    },
  });
}

/** Installs graphile-worker's schema. */
export async function installGraphileWorker({ databaseUrl }: RunOptions): Promise<void> {
  await runMigrations({ connectionString: databaseUrl, logger: quiet });
}

const ADD_JOBS = `select count(*) from graphile_worker.add_jobs(
  (select array_agg(row('bench', json_build_object('n', n), null, null, null, null, null, null)::graphile_worker.job_spec)
   from generate_series($1::integer, $2::integer) n))`;

/** Adds jobs `{ n }` for the task `bench` by SQL alone, a thousand a call of `graphile_worker.add_jobs`. */
export async function addInSlices({ databaseUrl, jobs }: RunOptions): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  for (let from = 0; from < jobs; from += JOBS_A_CALL) {
    await client.query({ name: "add", text: ADD_JOBS, values: [from, Math.min(from + JOBS_A_CALL, jobs) - 1] });
  }
  await client.end();
}

/** Resolves with the time at which no job was left in graphile-worker's tables. */
export async function queueEmpty(pool: pg.Pool): Promise<number> {
  await until(async () => {
    const { rows } = await pool.query<{ empty: boolean }>(
      "select not exists (select from graphile_worker.jobs) as empty",
    );
    return rows[0]?.empty === true;
  });
  return nowMs();
}

function oneTask({ sleepUpToMs }: RunOptions, ledger: Ledger, ran: () => void): TaskList {
  return {
    async bench(payload) {
      ledger.ran((payload as { n: number }).n, 0);
      if (sleepUpToMs > 0) {
        await sleep(Math.random() * sleepUpToMs);
      }
      ran();
    },
  };
}

async function drain(options: RunOptions): Promise<DrainResult> {
  const ledger = createLedger(options);
  const pool = openPool(options);
  const all = Promise.withResolvers<number>();
  const runner = await startRunner(
    pool,
    options,
    oneTask(options, ledger, () => {
      if (ledger.handlersRun === options.jobs) {
        all.resolve(nowMs());
      }
    }),
  );
  await all.promise;
  const lastDoneMs = await queueEmpty(pool);
  const rssMb = peakRssMb();
  await runner.stop();
  await pool.end();
  ledger.check();
  return {
    firstStartMs: ledger.firstStartMs,
    lastDoneMs,
    handlersRun: ledger.handlersRun,
    verified: "No job left in graphile_worker.jobs; each handler ran once.",
    peakRssMb: rssMb,
  };
}

async function serial({ databaseUrl, jobs }: RunOptions): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const rate = await callsPerSecond(jobs, 1, (n) =>
    client.query({
      name: "add",
      text: "select id from graphile_worker.add_job($1::text, $2::json)",
      values: ["bench", JSON.stringify({ n })],
    }),
  );
  await client.end();
  return rate;
}

async function concurrent(options: RunOptions): Promise<number> {
  const pgPool = openPool(options);
  const utils = await makeWorkerUtils({ pgPool, logger: quiet });
  const rate = await callsPerSecond(options.jobs, 50, (n) => utils.addJob("bench", { n }));
  await utils.release();
  await pgPool.end();
  return rate;
}

async function bulk(options: RunOptions): Promise<number> {
  const beganMs = nowMs();
  await addInSlices(options);
  return options.jobs / ((nowMs() - beganMs) / 1000);
}

const best: Settings = { concurrency: 50, localQueue: 500, completeDelay: 0 };

/** graphile-worker alone: one-task jobs. */
export const peers: readonly Peer[] = [
  {
    name: "graphile-worker",
    title: "graphile-worker",
    version: () => Promise.resolve(packageVersion("graphile-worker")),
    about:
      "One-task jobs without status, result or history: a finished job's row is deleted. `localQueue` fetches many jobs at once, `completeDelay` (`completeJobBatchDelay`) deletes them many at once.",
    best: { single: best },
    jobs: { single: 60_000 },
    sweep: {
      single: [
        {},
        { concurrency: 50 },
        { concurrency: 50, localQueue: 100, completeDelay: 0 },
        best,
        { concurrency: 100, localQueue: 500, completeDelay: 0 },
        { concurrency: 24, localQueue: 500, completeDelay: 0 },
        { concurrency: 100, localQueue: 1000, completeDelay: 0, pool: 20 },
      ],
    },
    setUp: installGraphileWorker,
    fill: addInSlices,
    drain,
    enqueue: { serial, concurrent, bulk },
  },
];
