import { PgBoss } from "pg-boss";

import { createLedger, peakRssMb, type Peer, type RunOptions } from "../peer.ts";
import { openObserver } from "./support/observer.ts";
import { inPortions, waitUntil } from "./support/pace.ts";
import { packageVersion } from "../machine.ts";
import { combinations, numberSetting } from "./support/settings.ts";
import { createWork } from "./support/work.ts";
import { callsPerSecond, ratePerSecond } from "./support/timing.ts";

const QUEUE = "bench";

const drained = { batchSize: 500, localConcurrency: 2, pool: 10 };

const peer: Peer = {
  name: "pg-boss",
  title: "pg-boss",
  version: () => Promise.resolve(packageVersion("pg-boss")),
  best: { single: drained },
  jobs: { single: 80_000 },
  sweep: {
    single: combinations({ batchSize: [50, 200, 500, 1000, 2000], localConcurrency: [1, 2, 4, 10], pool: [10] }),
  },
  about:
    "A queue whose jobs have no steps, so it takes part with one-task jobs only. Its handler gets a batch and the batch is completed by one statement: if the process dies meanwhile, all jobs of the batch run again, which no other system here does. Varied: `batchSize` and `localConcurrency`; with `burstWhenBatchFull` a worker fetches again without a pause. Completed jobs stay in the table, as by default.",

  async setUp(options) {
    await withBoss(options, (boss) => boss.createQueue(QUEUE));
  },

  async fill(options) {
    await withBoss(options, (boss) => inPortions(options.jobs, (portion) => insert(boss, portion)));
  },

  async drain(options) {
    if (options.tasksPerJob !== 1) {
      throw new Error("pg-boss has no steps.");
    }
    const ledger = createLedger(options);
    const work = createWork(options, ledger);
    const observer = await openObserver(options.databaseUrl);
    const lastDoneMs = await withBoss(options, async (boss) => {
      await boss.work(
        QUEUE,
        {
          batchSize: numberSetting(options, "batchSize"),
          localConcurrency: numberSetting(options, "localConcurrency"),
          pollingIntervalSeconds: 0.5,
          burstWhenBatchFull: true,
        },
        async (jobs) => {
          await Promise.all(jobs.map(({ data }) => work(data.job, 0)));
        },
      );
      await waitUntil(() => ledger.handlersRun >= options.jobs, 2);
      await waitUntil(async () => (await observer.number(COMPLETED)) === options.jobs, 2);
      return observer.number(`select extract(epoch from max(completed_on)) * 1000 from pgboss.job`);
    });
    ledger.check();
    await observer.close();
    return {
      firstStartMs: ledger.firstStartMs,
      lastDoneMs,
      handlersRun: ledger.handlersRun,
      verified: "every handler ran once (ledger), every job is completed",
      peakRssMb: peakRssMb(),
    };
  },

  enqueue: {
    serial: (options) =>
      withBoss(options, (boss) => callsPerSecond(options.jobs, 1, (job) => boss.send(QUEUE, { job }))),
    concurrent: (options) =>
      withBoss(options, (boss) => callsPerSecond(options.jobs, 50, (job) => boss.send(QUEUE, { job }))),
    bulk: (options) =>
      withBoss(options, (boss) =>
        ratePerSecond(options.jobs, () => inPortions(options.jobs, (portion) => insert(boss, portion))),
      ),
  },
};

const COMPLETED = `select count(*) from pgboss.job where name = '${QUEUE}' and state = 'completed'`;

function insert(boss: PgBoss, portion: readonly number[]): Promise<unknown> {
  return boss.insert(
    QUEUE,
    portion.map((job) => ({ data: { job } })),
  );
}

async function withBoss<Result>(options: RunOptions, during: (boss: PgBoss) => Promise<Result>): Promise<Result> {
  const boss = new PgBoss({ connectionString: options.databaseUrl, max: numberSetting(options, "pool") });
  boss.on("error", (error) => {
    throw error;
  });
  await boss.start();
  const result = await during(boss);
  await boss.stop();
  return result;
}

/** pg-boss: one-task jobs only. */
export const peers: readonly Peer[] = [peer];
