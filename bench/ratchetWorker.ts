/**
 * One Ratchet worker process for the workloads of Ratchet alone: `bench/ratchetWorker.ts '<WorkerRun>'`. It runs until so
 * many jobs are COMPLETED, or until its standard input ends, and prints a {@link WorkerAnswer}.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { defineJob, jsonpath } from "../src/index.ts";
import { createLogger } from "../src/telemetry/logger.ts";
import { startWorker } from "../src/worker/index.ts";
import { nowMs, peakRssMb } from "./peer.ts";
import { FIVE, PARTS, type WorkerAnswer, type WorkerRun } from "./workerRun.ts";

const run = JSON.parse(process.argv[2] ?? "{}") as WorkerRun;
let firstStartMs = 0;
let lastDoneMs = 0;
let jobs = 0;
let handlersRun = 0;
const rssMb: number[] = [];

function handler(): Promise<void> | undefined {
  if (firstStartMs === 0) {
    firstStartMs = nowMs();
  }
  handlersRun++;
  return run.sleepMs > 0 ? sleep(run.sleepMs) : undefined;
}

const definitions = {
  [FIVE]: defineJob({})
    .task("step1", handler)
    .task("step2", handler)
    .task("step3", handler)
    .task("step4", handler)
    .task("step5", handler),
  [PARTS]: defineJob({}).forEach("part", jsonpath({ path: "$.items[*]" }), handler),
};
const worker = await startWorker({
  connectionString: run.databaseUrl,
  definitions,
  log: createLogger({ level: "warn", destination: process.stderr }),
  ...(run.concurrency === undefined ? {} : { concurrency: run.concurrency }),
});
const enough = Promise.withResolvers<number>();
worker.events.on("job.completed", () => {
  jobs++;
  lastDoneMs = nowMs();
  if (run.rssEveryJobs !== undefined && jobs % run.rssEveryJobs === 0) {
    rssMb.push(Math.round(process.memoryUsage().rss / 1024 ** 2));
  }
  if (jobs === run.stopAfterJobs) {
    enough.resolve(jobs);
  }
});
if (run.stopAfterJobs === null) {
  await once(process.stdin.resume(), "end");
} else if (run.stopAfterJobs > 0) {
  await enough.promise;
}
const atEnd = { firstStartMs, lastDoneMs, jobs };
const peak = peakRssMb();
await worker.stop();
const answer: WorkerAnswer = { ...atEnd, jobs, handlersRun, rssMb, peakRssMb: peak };
process.stdout.write(`\n${JSON.stringify(answer)}\n`);
process.stdin.destroy();
