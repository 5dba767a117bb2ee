// Stays in the declarations, and brings the namespace GraphileConfig to whoever imports the preset.
import "graphile-worker";

import type { Logger } from "pino";
import { resolveConfig } from "../config/config.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createGraphileLogger } from "./graphileLogger.ts";
import "../config/presetOptions.ts";
import { createRatchetPlugin } from "./ratchetPlugin.ts";

let log: Logger | undefined;

function getLog(): Logger {
  log ??= createLogger({ level: resolveConfig().logLevel });
  return log;
}

/** A project has one graphile-worker schema, whichever command it runs. */
function getSchemas({ ratchet = {} }: GraphileConfig.ResolvedPreset, workerSchema: string): SchemaNames {
  const { schemas } = resolveConfig({ preset: { ratchet: { ...ratchet }, worker: { schema: workerSchema } } });
  if (schemas.graphileWorker !== workerSchema) {
    throw new RatchetError(
      "RT110",
      `graphile-worker is to use the schema "${workerSchema}", and Ratchet's settings name "${schemas.graphileWorker}" for it.`,
      { hint: "Give it in one place: `worker.schema` in graphile.config.ts, or GRAPHILE_WORKER_SCHEMA." },
    );
  }
  return schemas;
}

/**
 * Takes Ratchet into a Graphile project: `extends: [RatchetPreset]` in `graphile.config.ts`. Job definitions in the task
 * folder then run beside plain task files under graphile-worker's own command and `run()`. What your own configuration sets
 * goes before what stands here.
 */
export const RatchetPreset: GraphileConfig.Preset = {
  plugins: [createRatchetPlugin({ getLog, getSchemas })],
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
