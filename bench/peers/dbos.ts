import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import { enqueueWorkflows, prepareEnqueuedWorkflow } from "@dbos-inc/dbos-sdk/eventreceiver";

import { createLedger, nowMs, peakRssMb, type Peer, type RunOptions } from "../peer.ts";
import { openObserver } from "./support/observer.ts";
import { inPortions, waitUntil } from "./support/pace.ts";
import { packageVersion } from "../machine.ts";
import { combinations, numberSetting } from "./support/settings.ts";
import { createWork, type Work } from "./support/work.ts";
import { callsPerSecond, ratePerSecond } from "./support/timing.ts";

const QUEUE = "bench";
const APPLICATION = "bench";
const WORKFLOW = "job";

const drained = { workerConcurrency: 300, pool: 20, pollMs: 20 };
const quick = { workerConcurrency: 300, pool: 20, pollMs: 5 };

const queued: Peer = {
  name: "dbos",
  title: "DBOS Transact",
  version: () => Promise.resolve(packageVersion("@dbos-inc/dbos-sdk")),
  best: { noop: drained, sleeping: { ...drained, workerConcurrency: 500 }, single: drained, idle: quick },
  jobs: { noop: 900, sleeping: 900, single: 2500, idle: 100 },
  sweep: {
    noop: combinations({ workerConcurrency: [50, 300, 1000], pool: [10, 20, 50], pollMs: [20, 50] }),
    sleeping: combinations({ workerConcurrency: [300, 500, 1000], pool: [20, 50], pollMs: [20, 50] }),
    single: combinations({ workerConcurrency: [50, 300, 1000], pool: [10, 20, 50], pollMs: [5, 20] }),
    idle: combinations({ workerConcurrency: [300], pool: [10, 20], pollMs: [1, 2, 5, 10] }),
  },
  about:
    "A workflow of `DBOS.runStep` calls on a database-backed queue, drained by one process. Varied: `workerConcurrency`, the system database's pool and the queue's `minPollingIntervalMs` (1,000 by default). Every step and every outcome is a transaction of its own; nothing that weakens durability is set. Tracing is off and only errors are logged, as by default or quieter. Bulk adding uses the entry point made for event receivers (`enqueueWorkflows`), which is exported but not part of the documented interface: `DBOSClient.enqueue` takes one workflow a call.",

  async setUp(options) {
    await launch(options, async () => {}, []);
    await DBOS.registerQueue(QUEUE, {
      workerConcurrency: numberSetting(options, "workerConcurrency"),
      minPollingIntervalMs: numberSetting(options, "pollMs"),
    });
    await DBOS.shutdown({ deregister: true });
  },

  async fill(options) {
    const workflow = await launch(options, async () => {}, []);
    await inPortions(options.jobs, (portion) => addTogether(workflow, portion));
    await DBOS.shutdown({ deregister: true });
  },

  async drain(options) {
    const ledger = createLedger(options);
    const observer = await openObserver(options.databaseUrl);
    await launch(options, createWork(options, ledger));
    await waitUntil(() => ledger.handlersRun >= options.jobs * options.tasksPerJob, 2);
    await waitUntil(async () => (await observer.number(SUCCEEDED)) === options.jobs, 2);
    const lastDoneMs = await observer.number(`select max(completed_at) from dbos.workflow_status`);
    await DBOS.shutdown({ deregister: true });
    ledger.check();
    const steps = await observer.number(`select count(*) from dbos.operation_outputs where error is null`);
    if (steps !== options.jobs * options.tasksPerJob) {
      throw new Error(`dbos.operation_outputs has ${steps} steps.`);
    }
    await observer.close();
    return {
      firstStartMs: ledger.firstStartMs,
      lastDoneMs,
      handlersRun: ledger.handlersRun,
      verified:
        "every step ran once (ledger), every workflow_status is SUCCESS, operation_outputs holds one result a step",
      peakRssMb: peakRssMb(),
    };
  },

  async one(options) {
    const ledger = createLedger(options);
    const observer = await openObserver(options.databaseUrl);
    const workflow = await launch(options, createWork(options, ledger));
    const times: number[] = [];
    for (let job = 0; job < options.jobs; job++) {
      const startMs = nowMs();
      const { workflowID } = await DBOS.startWorkflow(workflow, { queueName: QUEUE })(job);
      await observer.waitFor(`select status = 'SUCCESS' from dbos.workflow_status where workflow_uuid = $1`, [
        workflowID,
      ]);
      times.push(nowMs() - startMs);
    }
    await DBOS.shutdown({ deregister: true });
    await observer.close();
    ledger.check();
    return times;
  },

  enqueue: {
    serial: (options) => withClient(options, 1, (add) => callsPerSecond(options.jobs, 1, add)),
    concurrent: (options) =>
      withClient(options, numberSetting(options, "pool"), (add) => callsPerSecond(options.jobs, 50, add)),
    async bulk(options) {
      const workflow = await launch(options, async () => {}, []);
      const rate = await ratePerSecond(options.jobs, () =>
        inPortions(options.jobs, (portion) => addTogether(workflow, portion)),
      );
      await DBOS.shutdown({ deregister: true });
      return rate;
    },
  },
};

const direct: Peer = {
  ...queued,
  name: "dbos-direct",
  title: "DBOS Transact without a queue",
  best: { idle: quick },
  jobs: { idle: 100 },
  sweep: {},
  about:
    "The caller's own process runs the workflow as soon as it has recorded it: no queue, no other process involved, and the end is known from the promise. The shortest time DBOS has; a worker elsewhere cannot take such a job unless the caller dies.",
  async one(options) {
    const ledger = createLedger(options);
    const workflow = await launch(options, createWork(options, ledger), []);
    const times: number[] = [];
    for (let job = 0; job < options.jobs; job++) {
      const startMs = nowMs();
      const handle = await DBOS.startWorkflow(workflow)(job);
      await handle.getResult();
      times.push(nowMs() - startMs);
    }
    await DBOS.shutdown({ deregister: true });
    ledger.check();
    return times;
  },
};

const SUCCEEDED = `select count(*) from dbos.workflow_status where status = 'SUCCESS'`;

type Workflow = (job: number) => Promise<null>;

/** Registers the workflow and starts DBOS. With `listenQueues` empty nothing is taken from the queue. */
async function launch(options: RunOptions, work: Work, listenQueues: string[] = [QUEUE]): Promise<Workflow> {
  DBOS.setConfig({
    name: APPLICATION,
    systemDatabaseUrl: options.databaseUrl,
    systemDatabasePoolSize: numberSetting(options, "pool"),
    applicationVersion: "1",
    listenQueues,
    logLevel: "error",
  });
  const workflow = DBOS.registerWorkflow(
    async (job: number) => {
      for (let step = 0; step < options.tasksPerJob; step++) {
        await DBOS.runStep(() => work(job, step), { name: `step ${step}` });
      }
      return null;
    },
    { name: WORKFLOW },
  );
  await DBOS.launch();
  return workflow;
}

async function addTogether(workflow: Workflow, portion: readonly number[]): Promise<void> {
  const prepared = await Promise.all(
    portion.map((job) => prepareEnqueuedWorkflow(workflow, [job], { queueName: QUEUE, workflowID: `job-${job}` })),
  );
  const added = await enqueueWorkflows(prepared);
  if (added.size !== portion.length) {
    throw new Error(`${added.size} of ${portion.length} workflows were enqueued.`);
  }
}

async function withClient(
  options: RunOptions,
  pool: number,
  measure: (add: (job: number) => Promise<unknown>) => Promise<number>,
): Promise<number> {
  const client = await DBOSClient.create({
    systemDatabaseUrl: options.databaseUrl,
    systemDatabasePoolSize: pool,
    applicationName: APPLICATION,
  });
  const rate = await measure((job) => client.enqueue({ workflowName: WORKFLOW, queueName: QUEUE }, job));
  await client.destroy();
  return rate;
}

/** DBOS Transact: by its queue, and with the caller's process running the workflow itself. */
export const peers: readonly Peer[] = [queued, direct];
