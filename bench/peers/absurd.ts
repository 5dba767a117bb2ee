import { Absurd } from "absurd-sdk";
import pg from "pg";

import { createLedger, nowMs, peakRssMb, type Peer, type RunOptions } from "../peer.ts";
import { absurdSqlVersion, readAbsurdSql, whyNoAbsurdSql } from "./support/absurdSql.ts";
import { openObserver } from "./support/observer.ts";
import { inPortions, waitUntil } from "./support/pace.ts";
import { packageVersion } from "../machine.ts";
import { combinations, numberSetting } from "./support/settings.ts";
import { createWork, type Work } from "./support/work.ts";
import { callsPerSecond, ratePerSecond } from "./support/timing.ts";

const QUEUE = "bench";
const TASK = "job";

const drained = { workers: 1, concurrency: 200, pool: 20, pollMs: 20 };

const peer: Peer = {
  name: "absurd",
  title: "Absurd",
  version: () => Promise.resolve(`${packageVersion("absurd-sdk")}, SQL ${absurdSqlVersion()}`),
  unavailable: () => Promise.resolve(whyNoAbsurdSql()),
  best: {
    noop: drained,
    sleeping: drained,
    single: drained,
    idle: { workers: 1, concurrency: 1, pool: 10, pollMs: 1 },
  },
  jobs: { noop: 1200, sleeping: 1200, single: 3500, idle: 100 },
  sweep: {
    noop: combinations({ workers: [1, 4], concurrency: [20, 50, 200], pool: [10, 20, 50], pollMs: [20] }),
    sleeping: combinations({ workers: [1, 4], concurrency: [50, 200, 500], pool: [20, 50], pollMs: [20] }),
    single: combinations({ workers: [1, 4], concurrency: [20, 50, 200, 1000], pool: [10, 20, 50], pollMs: [20] }),
    idle: combinations({ workers: [1], concurrency: [1, 10], pool: [10], pollMs: [1, 2, 5, 20] }),
  },
  about:
    "A task of `ctx.step` calls; each step is one checkpoint, a commit of its own. Varied: workers in the process, their `concurrency` (the claim's batch size follows it), the pg pool given to the client and `pollInterval` (250 ms by default). Jobs are filled in, and added in bulk, by `absurd.spawn_task` over `generate_series`, since the SDK spawns one task a call. The SQL file is the user's: other versions of it give other figures.",

  async setUp(options) {
    await withPool(options, 1, async (pool) => {
      await pool.query(readAbsurdSql());
      await pool.query("select absurd.create_queue($1)", [QUEUE]);
    });
  },

  async fill(options) {
    await withPool(options, 1, (pool) => inPortions(options.jobs, (portion) => spawnTogether(pool, portion)));
  },

  async drain(options) {
    const ledger = createLedger(options);
    const observer = await openObserver(options.databaseUrl);
    const lastDoneMs = await working(options, createWork(options, ledger), async () => {
      await waitUntil(() => ledger.handlersRun >= options.jobs * options.tasksPerJob, 2);
      await waitUntil(async () => (await observer.number(COMPLETED)) === options.jobs, 2);
      return observer.number(`select extract(epoch from max(completed_at)) * 1000 from absurd.r_${QUEUE}`);
    });
    ledger.check();
    const steps = await observer.number(`select count(*) from absurd.c_${QUEUE} where status = 'committed'`);
    const runs = await observer.number(`select count(*) from absurd.r_${QUEUE}`);
    if (steps !== options.jobs * options.tasksPerJob || runs !== options.jobs) {
      throw new Error(`Absurd has ${steps} committed checkpoints and ${runs} runs.`);
    }
    await observer.close();
    return {
      firstStartMs: ledger.firstStartMs,
      lastDoneMs,
      handlersRun: ledger.handlersRun,
      verified: "every step ran once (ledger), every task is completed by one run, one committed checkpoint a step",
      peakRssMb: peakRssMb(),
    };
  },

  async one(options) {
    const ledger = createLedger(options);
    const observer = await openObserver(options.databaseUrl);
    const times = await working(options, createWork(options, ledger), async (client) => {
      const found: number[] = [];
      for (let job = 0; job < options.jobs; job++) {
        const startMs = nowMs();
        const { taskID } = await client.spawn(TASK, { job });
        await observer.waitFor(`select state = 'completed' from absurd.t_${QUEUE} where task_id = $1`, [taskID]);
        found.push(nowMs() - startMs);
      }
      return found;
    });
    await observer.close();
    ledger.check();
    return times;
  },

  enqueue: {
    serial: (options) => withPool(options, 1, (pool) => callsPerSecond(options.jobs, 1, spawner(options, pool))),
    concurrent: (options) =>
      withPool(options, numberSetting(options, "pool"), (pool) =>
        callsPerSecond(options.jobs, 50, spawner(options, pool)),
      ),
    bulk: (options) =>
      withPool(options, 1, (pool) =>
        ratePerSecond(options.jobs, () => inPortions(options.jobs, (portion) => spawnTogether(pool, portion))),
      ),
  },
};

const COMPLETED = `select count(*) from absurd.t_${QUEUE} where state = 'completed'`;

function createClient(options: RunOptions, pool: pg.Pool, work: Work): Absurd {
  const client = new Absurd({ db: pool, queueName: QUEUE });
  client.registerTask({ name: TASK }, async ({ job }, context) => {
    for (let step = 0; step < options.tasksPerJob; step++) {
      await context.step(`step ${step}`, async () => {
        await work(job, step);
        return null;
      });
    }
    return null;
  });
  return client;
}

/** Starts the workers, which share one pool, calls `during`, and stops them. */
async function working<Result>(
  options: RunOptions,
  work: Work,
  during: (client: Absurd) => Promise<Result>,
): Promise<Result> {
  return withPool(options, numberSetting(options, "pool"), async (pool) => {
    const client = createClient(options, pool, work);
    const clients = Array.from({ length: numberSetting(options, "workers") }, () => createClient(options, pool, work));
    const workers = await Promise.all(
      clients.map((one, index) =>
        one.startWorker({
          workerId: `worker ${index}`,
          concurrency: numberSetting(options, "concurrency"),
          pollInterval: numberSetting(options, "pollMs") / 1000,
        }),
      ),
    );
    const result = await during(client);
    await Promise.all(workers.map((worker) => worker.close()));
    return result;
  });
}

function spawner(options: RunOptions, pool: pg.Pool): (job: number) => Promise<unknown> {
  const client = createClient(options, pool, async () => {});
  return (job) => client.spawn(TASK, { job });
}

async function spawnTogether(pool: pg.Pool, portion: readonly number[]): Promise<void> {
  await pool.query(
    `select count(*)
       from unnest($1::int[]) as job,
            absurd.spawn_task($2, $3, jsonb_build_object('job', job), '{}')`,
    [portion, QUEUE, TASK],
  );
}

async function withPool<Result>(
  { databaseUrl }: RunOptions,
  max: number,
  during: (pool: pg.Pool) => Promise<Result>,
): Promise<Result> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max });
  const result = await during(pool);
  await pool.end();
  return result;
}

/** Absurd, if its SQL file is given. */
export const peers: readonly Peer[] = [peer];
