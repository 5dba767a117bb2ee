import { OpenWorkflow } from "openworkflow";
import { BackendPostgres } from "openworkflow/postgres";
import postgres from "postgres";

import { createLedger, nowMs, peakRssMb, type Peer, type RunOptions } from "../peer.ts";
import { openObserver } from "./support/observer.ts";
import { waitUntil } from "./support/pace.ts";
import { packageVersion } from "../machine.ts";
import { combinations, numberSetting } from "./support/settings.ts";
import { createWork, type Work } from "./support/work.ts";
import { callsPerSecond } from "./support/timing.ts";

const drained = { workers: 1, concurrency: 100, pool: 10 };
const quick = { workers: 20, concurrency: 1, pool: 20 };

const peer: Peer = {
  name: "openworkflow",
  title: "openworkflow",
  version: () => Promise.resolve(packageVersion("openworkflow")),
  best: { noop: drained, sleeping: drained, single: drained, idle: quick },
  jobs: { noop: 1200, sleeping: 1200, single: 3500, idle: 30 },
  sweep: {
    noop: combinations({ workers: [1, 4], concurrency: [20, 50, 100, 200], pool: [10, 20] }),
    sleeping: combinations({ workers: [1, 4], concurrency: [50, 100, 200], pool: [10, 20] }),
    single: combinations({ workers: [1, 4], concurrency: [20, 50, 100, 200], pool: [10, 20] }),
    idle: combinations({ workers: [1, 10, 20, 40], concurrency: [1], pool: [20] }),
  },
  about:
    "A workflow of `step.run` calls with the Postgres backend; every step is two statements, each a commit of its own. Varied: the number of workers in the process, their `concurrency` and the connections of the postgres.js pool handed to `BackendPostgres.fromPool` (10 by default). How it polls cannot be set: an idle worker waits up to 100 ms, then longer up to a second; several workers poll at different times, which shortens the wait. There is no call that adds many runs.",

  async setUp({ databaseUrl }) {
    const backend = await BackendPostgres.connect(databaseUrl);
    await backend.stop();
  },

  async fill(options) {
    const { backend, workflow } = open(options, async () => {});
    await callsPerSecond(options.jobs, 50, (job) => workflow.run({ job }));
    await backend.stop();
  },

  async drain(options) {
    const ledger = createLedger(options);
    const observer = await openObserver(options.databaseUrl);
    const { backend, client } = open(options, createWork(options, ledger));
    const stopWorkers = await startWorkers(client, options);
    await waitUntil(() => ledger.handlersRun >= options.jobs * options.tasksPerJob, 2);
    await waitUntil(async () => (await observer.number(COMPLETED)) === options.jobs, 2);
    const lastDoneMs = await observer.number(
      `select extract(epoch from max(finished_at)) * 1000 from openworkflow.workflow_runs`,
    );
    await stopWorkers();
    await backend.stop();
    ledger.check();
    const steps = await observer.number(`select count(*) from openworkflow.step_attempts where status = 'completed'`);
    if (steps !== options.jobs * options.tasksPerJob) {
      throw new Error(`openworkflow.step_attempts has ${steps} completed steps.`);
    }
    await observer.close();
    return {
      firstStartMs: ledger.firstStartMs,
      lastDoneMs,
      handlersRun: ledger.handlersRun,
      verified: "every step ran once (ledger), every run is completed, step_attempts holds one completed row a step",
      peakRssMb: peakRssMb(),
    };
  },

  async one(options) {
    const ledger = createLedger(options);
    const observer = await openObserver(options.databaseUrl);
    const { backend, client, workflow } = open(options, createWork(options, ledger));
    const stopWorkers = await startWorkers(client, options);
    const times: number[] = [];
    for (let job = 0; job < options.jobs; job++) {
      const startMs = nowMs();
      const { workflowRun } = await workflow.run({ job });
      await observer.waitFor(`select status = 'completed' from openworkflow.workflow_runs where id = $1`, [
        workflowRun.id,
      ]);
      times.push(nowMs() - startMs);
    }
    await stopWorkers();
    await backend.stop();
    await observer.close();
    ledger.check();
    return times;
  },

  enqueue: {
    serial: (options) => measureAdding(options, 1, 1),
    concurrent: (options) => measureAdding(options, numberSetting(options, "pool"), 50),
  },
};

const COMPLETED = `select count(*) from openworkflow.workflow_runs where status = 'completed'`;

function open(options: RunOptions, work: Work, pool = numberSetting(options, "pool")) {
  const sql = postgres(options.databaseUrl, { max: pool, transform: { column: { from: postgres.toCamel } } });
  const backend = BackendPostgres.fromPool(sql);
  const client = new OpenWorkflow({ backend });
  const workflow = client.defineWorkflow<{ job: number }, null>({ name: "job" }, async ({ input, step }) => {
    for (let number = 0; number < options.tasksPerJob; number++) {
      await step.run({ name: `step ${number}` }, () => work(input.job, number));
    }
    return null;
  });
  return { backend, client, workflow };
}

/** Starts the workers and gives back what stops them. */
async function startWorkers(client: OpenWorkflow, options: RunOptions): Promise<() => Promise<unknown>> {
  const concurrency = numberSetting(options, "concurrency");
  const workers = Array.from({ length: numberSetting(options, "workers") }, () => client.newWorker({ concurrency }));
  await Promise.all(workers.map((worker) => worker.start()));
  return () => Promise.all(workers.map((worker) => worker.stop()));
}

async function measureAdding(options: RunOptions, pool: number, callers: number): Promise<number> {
  const { backend, workflow } = open(options, async () => {}, pool);
  const rate = await callsPerSecond(options.jobs, callers, (job) => workflow.run({ job }));
  await backend.stop();
  return rate;
}

/** openworkflow on its Postgres backend. */
export const peers: readonly Peer[] = [peer];
