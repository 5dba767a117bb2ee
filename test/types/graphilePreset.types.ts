/** Lines that must compile, and lines that must not. */
import { RatchetPreset } from "../../src/worker/index.ts";

export const usual: GraphileConfig.Preset = { extends: [RatchetPreset], ratchet: { port: 6000 } };

export const all: GraphileConfig.Preset = {
  extends: [RatchetPreset],
  ratchet: {
    databaseUrl: "postgres://localhost/shop",
    schema: "jobs",
    workerSchema: "queue",
    shutdownGrace: "1 min",
    logLevel: "debug",
    allowRemote: true,
    crontabFile: undefined,
  },
  worker: { concurrentJobs: 20 },
};

// @ts-expect-error -- There is no such setting.
export const unknown: GraphileConfig.Preset = { ratchet: { prot: 6000 } };
// @ts-expect-error -- A number.
export const text: GraphileConfig.Preset = { ratchet: { port: "6000" } };
// @ts-expect-error -- A duration has a unit.
export const duration: GraphileConfig.Preset = { ratchet: { pollInterval: "6000" } };
// @ts-expect-error -- No level of pino's.
export const level: GraphileConfig.Preset = { ratchet: { logLevel: "loud" } };
