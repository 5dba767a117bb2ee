import { createRatchetPlugin } from "./ratchetPlugin.ts";

/**
 * Takes Ratchet into a Graphile project: `extends: [RatchetPreset]` in `graphile.config.ts`. Job definitions in the task
 * folder then run beside plain task files, in `ratchet worker` as well as under graphile-worker's own command.
 */
export const RatchetPreset: GraphileConfig.Preset = {
  plugins: [createRatchetPlugin()],
  worker: {
    concurrentJobs: 10,
    // With -1, graphile-worker does not wait for its own completions, and a Postgres restart ends the process.
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
};
