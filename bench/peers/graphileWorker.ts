import { Logger, makeWorkerUtils, type Runner, run, runMigrations, type TaskList } from "graphile-worker";
import pg from "pg";

import {
  createLedger,
  type DrainResult,
  nowMs,
  type Peer,
  peakRssMb,
  type RunOptions,
  type Settings,
} from "../peer.ts";
import { packageVersion } from "../machine.ts";
import { addInSlices, addOneByOne } from "./support/addBySql.ts";
import { waitUntil } from "./support/pace.ts";
import { callsPerSecond, ratePerSecond } from "./support/timing.ts";
import { createWork } from "./support/work.ts";

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

/** Adds jobs `{ n }` for the task `bench` by `graphile_worker.add_jobs`. */
export function fill(options: RunOptions): Promise<void> {
  return addInSlices(options, ADD_JOBS);
}

/** Resolves with the time at which no job was left in graphile-worker's tables. */
export async function queueEmpty(pool: pg.Pool): Promise<number> {
  await waitUntil(async () => {
    const { rows } = await pool.query<{ empty: boolean }>(
      "select not exists (select from graphile_worker.jobs) as empty",
    );
    return rows[0]?.empty === true;
  }, 2);
  return nowMs();
}

async function drain(options: RunOptions): Promise<DrainResult> {
  const ledger = createLedger(options);
  const pool = openPool(options);
  const all = Promise.withResolvers<null>();
  const work = createWork(options, ledger);
  const runner = await startRunner(pool, options, {
    async bench(payload) {
      await work((payload as { n: number }).n, 0);
      if (ledger.handlersRun === options.jobs) {
        all.resolve(null);
      }
    },
  });
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

async function concurrent(options: RunOptions): Promise<number> {
  const pgPool = openPool(options);
  const utils = await makeWorkerUtils({ pgPool, logger: quiet });
  const rate = await callsPerSecond(options.jobs, 50, (n) => utils.addJob("bench", { n }));
  await utils.release();
  await pgPool.end();
  return rate;
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
    fill,
    drain,
    enqueue: {
      serial: (options) => addOneByOne(options, "select id from graphile_worker.add_job('bench', $1::json)"),
      concurrent,
      bulk: (options) => ratePerSecond(options.jobs, () => fill(options)),
    },
  },
];
