import type { Config } from "../config/config.ts";
import type { WorkerOptions } from "../worker/startWorker.ts";

/** What the settings say about a worker. */
export function workerSettings(config: Config): Omit<WorkerOptions, "connectionString" | "log"> {
  return {
    schemas: config.schemas,
    taskDirectory: config.taskFolder,
    concurrency: config.concurrency,
    pollIntervalMs: config.pollIntervalMs,
    crontabFile: config.crontabFile ?? undefined,
    shutdownGraceMs: config.shutdownGraceMs,
  };
}
