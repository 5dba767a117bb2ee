// Stays in the declarations, and brings the namespace GraphileConfig to whoever imports the preset.
import "graphile-worker";

import type { Logger } from "pino";
import { resolveConfig } from "../config/config.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createGraphileLogger } from "./graphileLogger.ts";
import "../config/presetOptions.ts";
import { createRatchetPlugin } from "./ratchetPlugin.ts";

let log: Logger | undefined;

function getLog(): Logger {
  log ??= createLogger({ level: resolveConfig().logLevel });
  return log;
}

function getSchema({ ratchet = {}, worker = {} }: GraphileConfig.ResolvedPreset): string {
  return resolveConfig({ preset: { ratchet: { ...ratchet }, worker: { schema: worker.schema } } }).schemas.ratchet;
}

/**
 * Takes Ratchet into a Graphile project: `extends: [RatchetPreset]` in `graphile.config.ts`. Job definitions in the task
 * folder then run beside plain task files under graphile-worker's own command and `run()`. What your own configuration sets
 * goes before what stands here.
 */
export const RatchetPreset: GraphileConfig.Preset = {
  plugins: [createRatchetPlugin({ getLog, getSchema })],
  worker: {
    concurrentJobs: 10,
    // With -1, graphile-worker does not wait for its own completions, and a Postgres restart ends the process.
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    // Read when the preset is used: whoever only imports the package has no settings of ours to get right.
    get logger() {
      return createGraphileLogger(getLog());
    },
  },
};
