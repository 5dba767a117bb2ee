import type { Task } from "graphile-worker";
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
import { fill, installGraphileWorker, openPool, queueEmpty, startRunner } from "./graphileWorker.ts";
import { packageVersion } from "../machine.ts";
import { createWork, type Work } from "./support/work.ts";

const STEPS_TABLE = `create table steps (
  job integer not null,
  step integer not null,
  status text not null,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (job, step)
)`;

/** No row comes back if an earlier try has finished the step. */
const BEGIN_STEP = `insert into steps (job, step, status) values ($1, $2, 'RUNNING')
  on conflict (job, step) do update set status = 'RUNNING', started_at = clock_timestamp() where steps.status <> 'COMPLETED'
  returning job`;

const END_STEP = "update steps set status = 'COMPLETED', finished_at = clock_timestamp() where job = $1 and step = $2";

async function setUp(options: RunOptions): Promise<void> {
  await installGraphileWorker(options);
  const client = new pg.Client({ connectionString: options.databaseUrl });
  await client.connect();
  await client.query(STEPS_TABLE);
  await client.end();
}

/** What many teams write: a handler that notes the begin and the end of each of its steps, and skips those that are done. */
function handler(pool: pg.Pool, { tasksPerJob }: RunOptions, work: Work, ended?: () => void): Task {
  return async (payload) => {
    const { n } = payload as { n: number };
    for (let step = 0; step < tasksPerJob; step++) {
      const { rowCount } = await pool.query({ name: "begin", text: BEGIN_STEP, values: [n, step] });
      if (rowCount === 1) {
        await work(n, step);
        await pool.query({ name: "end", text: END_STEP, values: [n, step] });
      }
    }
    ended?.();
  };
}

async function drain(options: RunOptions): Promise<DrainResult> {
  const ledger = createLedger(options);
  const pool = openPool(options);
  const all = Promise.withResolvers<null>();
  let ended = 0;
  const bench = handler(pool, options, createWork(options, ledger), () => {
    ended++;
    if (ended === options.jobs) {
      all.resolve(null);
    }
  });
  const runner = await startRunner(pool, options, { bench });
  await all.promise;
  const lastDoneMs = await queueEmpty(pool);
  const rssMb = peakRssMb();
  await runner.stop();
  ledger.check();
  const { rows } = await pool.query<{ done: number }>(
    "select count(*)::integer as done from steps where status = 'COMPLETED' and finished_at is not null",
  );
  await pool.end();
  if (rows[0]?.done !== options.jobs * options.tasksPerJob) {
    throw new Error(`The obvious way ends with ${rows[0]?.done ?? 0} finished steps.`);
  }
  return {
    firstStartMs: ledger.firstStartMs,
    lastDoneMs,
    handlersRun: ledger.handlersRun,
    verified: "Its own table: every step COMPLETED; no job left in graphile_worker.jobs; each step ran once.",
    peakRssMb: rssMb,
  };
}

async function one(options: RunOptions): Promise<number[]> {
  const pool = openPool(options);
  const waiting = new Map<number, (atMs: number) => void>();
  const ledger = createLedger(options);
  const bench = handler(pool, options, createWork(options, ledger));
  const runner = await startRunner(pool, options, { bench });
  // The job's row is deleted when this event comes.
  runner.events.on("job:complete", ({ job }) => {
    waiting.get((job.payload as { n: number }).n)?.(nowMs());
  });
  const times: number[] = [];
  for (let n = 0; n < options.jobs; n++) {
    const { promise, resolve } = Promise.withResolvers<number>();
    waiting.set(n, resolve);
    const beganMs = nowMs();
    await runner.addJob("bench", { n });
    times.push((await promise) - beganMs);
  }
  await runner.stop();
  await pool.end();
  ledger.check();
  return times;
}

const shared = {
  version: () => Promise.resolve(packageVersion("graphile-worker")),
  setUp,
  fill,
  drain,
  one,
};
const tuned: Settings = { concurrency: 50, localQueue: 100, completeDelay: 0, pool: 20 };
const sleepingTuned: Settings = { concurrency: 500, localQueue: 500, completeDelay: 0, pool: 20 };

/** Five steps and two commits a step by hand on graphile-worker, as it comes and tuned. */
export const peers: readonly Peer[] = [
  {
    ...shared,
    name: "obvious",
    title: "the obvious way, defaults",
    about: "graphile-worker's defaults (one job at once).",
    best: { noop: {}, sleeping: {} },
    jobs: { noop: 1500, sleeping: 150 },
    sweep: {},
  },
  {
    ...shared,
    name: "obvious-tuned",
    title: "the obvious way, tuned",
    about:
      "A graphile-worker task that writes a RUNNING and a COMPLETED row state for each of its steps, one commit each, and skips what an earlier try has finished; prepared statements.",
    best: { noop: tuned, sleeping: sleepingTuned, idle: {} },
    jobs: { noop: 3000, sleeping: 3000, idle: 100 },
    sweep: {
      noop: [
        { concurrency: 10 },
        { concurrency: 50, localQueue: 100, completeDelay: 0 },
        tuned,
        { concurrency: 50, localQueue: 100, completeDelay: 0, pool: 50 },
        { concurrency: 100, localQueue: 200, completeDelay: 0, pool: 50 },
      ],
      sleeping: [
        { concurrency: 100, localQueue: 200, completeDelay: 0, pool: 20 },
        { concurrency: 200, localQueue: 200, completeDelay: 0, pool: 50 },
        sleepingTuned,
        { concurrency: 500, localQueue: 500, completeDelay: 0, pool: 50 },
      ],
    },
  },
];
