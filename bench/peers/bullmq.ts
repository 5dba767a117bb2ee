import { type Job, Queue, Worker } from "bullmq";
import { createClient, type RedisClient } from "redis";

import { createLedger, type Ledger, nowMs, peakRssMb, type Peer, type RunOptions } from "../peer.ts";
import { inPortions, waitUntil } from "./support/pace.ts";
import { packageVersion } from "../machine.ts";
import { redisVersion, startRedisServer } from "./support/redisServer.ts";
import { combinations, numberSetting } from "./support/settings.ts";
import { createWork, type Work } from "./support/work.ts";
import { callsPerSecond, ratePerSecond } from "./support/timing.ts";

const QUEUE = "bench";

const drained = { workers: 1, concurrency: 200 };

interface Data {
  readonly job: number;
  readonly step: number;
}

const peer: Peer = {
  name: "bullmq",
  title: "BullMQ on Redis",
  version: async () => `${packageVersion("bullmq")}, ${packageVersion("redis")}, Redis ${await redisVersion()}`,
  async unavailable() {
    return (await redisVersion()) === null
      ? "BullMQ is left out: there is no redis-server on the PATH. Install Redis 7 or newer to measure it."
      : null;
  },
  startService: startRedisServer,
  best: {
    noop: drained,
    sleeping: { ...drained, concurrency: 500 },
    single: drained,
    idle: { workers: 1, concurrency: 1 },
  },
  jobs: { noop: 20_000, sleeping: 15_000, single: 50_000, idle: 200 },
  sweep: {
    noop: combinations({ workers: [1, 2, 4], concurrency: [50, 100, 200, 500] }),
    sleeping: combinations({ workers: [1, 2, 4], concurrency: [200, 500] }),
    single: combinations({ workers: [1, 2, 4, 8], concurrency: [50, 100, 200, 500] }),
    idle: combinations({ workers: [1], concurrency: [1, 10] }),
  },
  about:
    "Not Postgres: a queue in Redis, whose server is a process of its own with `appendonly yes` and `appendfsync always`, so that an answer means the write is on disk. Its jobs have no steps; as its documentation shows, the handler notes the finished step in the job's data (`job.updateData`) and would resume there. That is one hash field written, without a row, a status or a result a step. Its driver is node-redis, which took a fifth less of the processor here than ioredis. Varied: workers in the process (each with connections of its own) and their `concurrency`. Completed jobs stay, as by default.",

  async setUp() {
    // A queue is there as soon as a job is.
  },

  async fill(options) {
    await withQueue(options, (queue) => inPortions(options.jobs, (portion) => queue.addBulk(portion.map(jobOf))));
  },

  async drain(options) {
    const ledger = createLedger(options);
    let completed = 0;
    let lastDoneMs = 0;
    await working(options, createWork(options, ledger), {
      onCompleted() {
        completed++;
        lastDoneMs = nowMs();
      },
      during: () => waitUntil(() => completed === options.jobs, 2),
    });
    await check(options, ledger);
    return {
      firstStartMs: ledger.firstStartMs,
      lastDoneMs,
      handlersRun: ledger.handlersRun,
      verified: "every step ran once (ledger), every job is in the completed set and its data names the last step",
      peakRssMb: peakRssMb(),
    };
  },

  async one(options) {
    const ledger = createLedger(options);
    let done = Promise.withResolvers<null>();
    const times: number[] = [];
    await working(options, createWork(options, ledger), {
      onCompleted: () => {
        done.resolve(null);
      },
      during: () =>
        withQueue(options, async (queue) => {
          for (let job = 0; job < options.jobs; job++) {
            done = Promise.withResolvers();
            const { name, data } = jobOf(job);
            const startMs = nowMs();
            await queue.add(name, data);
            await done.promise;
            times.push(nowMs() - startMs);
          }
        }),
    });
    ledger.check();
    return times;
  },

  enqueue: {
    serial: (options) => withQueue(options, (queue) => callsPerSecond(options.jobs, 1, adder(queue))),
    concurrent: (options) => withQueue(options, (queue) => callsPerSecond(options.jobs, 50, adder(queue))),
    bulk: (options) =>
      withQueue(options, (queue) =>
        ratePerSecond(options.jobs, () => inPortions(options.jobs, (portion) => queue.addBulk(portion.map(jobOf)))),
      ),
  },
};

function jobOf(job: number): { name: string; data: Data } {
  return { name: "job", data: { job, step: 0 } };
}

async function connect({ settings }: RunOptions): Promise<RedisClient> {
  const client = createClient({ url: String(settings["redisUrl"]) });
  await client.connect();
  return client;
}

function adder(queue: Queue<Data>): (job: number) => Promise<unknown> {
  return (job) => {
    const { name, data } = jobOf(job);
    return queue.add(name, data);
  };
}

async function withQueue<Result>(
  options: RunOptions,
  during: (queue: Queue<Data>) => Promise<Result>,
): Promise<Result> {
  const connection = await connect(options);
  const queue = new Queue<Data>(QUEUE, { connection });
  await queue.waitUntilReady();
  const result = await during(queue);
  await queue.close();
  await connection.close();
  return result;
}

interface Working {
  /** Redis has acknowledged the end of a job. */
  readonly onCompleted: () => void;
  readonly during: () => Promise<void>;
}

async function working(options: RunOptions, work: Work, { onCompleted, during }: Working): Promise<void> {
  async function handle(job: Job<Data, null>): Promise<null> {
    for (let { step } = job.data; step < options.tasksPerJob; step++) {
      await work(job.data.job, step);
      await job.updateData({ job: job.data.job, step: step + 1 });
    }
    return null;
  }
  const connections = await Promise.all(
    Array.from({ length: numberSetting(options, "workers") }, () => connect(options)),
  );
  const concurrency = numberSetting(options, "concurrency");
  const workers = connections.map((connection) => new Worker(QUEUE, handle, { connection, concurrency }));
  for (const worker of workers) {
    worker.on("completed", onCompleted);
  }
  await during();
  await Promise.all(workers.map((worker) => worker.close()));
  await Promise.all(connections.map((connection) => connection.close()));
}

async function check(options: RunOptions, ledger: Ledger): Promise<void> {
  ledger.check();
  const client = await connect(options);
  const ids = await client.zRange(`bull:${QUEUE}:completed`, 0, -1);
  if (ids.length !== options.jobs) {
    throw new Error(`${ids.length} of ${options.jobs} jobs are in the completed set.`);
  }
  await callsPerSecond(ids.length, 100, async (index) => {
    const text = await client.hGet(`bull:${QUEUE}:${ids[index]}`, "data");
    const data = JSON.parse(text ?? "null") as Data | null;
    if (data?.step !== options.tasksPerJob) {
      throw new Error(`Job ${ids[index]} is completed with the data ${text}.`);
    }
  });
  await client.close();
}

/** BullMQ on a redis-server of its own. */
export const peers: readonly Peer[] = [peer];
