import { pino } from "pino";

import { createEventHub } from "../../src/telemetry/events.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { startWorker } from "../../src/worker/startWorker.ts";
import { blockFor, createDefinitions } from "./definitions.ts";
import { openLedgerFile } from "./ledgerFile.ts";

/** What the run tells a worker process in its first argument, as JSON. */
export interface WorkerSettings {
  readonly connectionString: string;
  readonly ledgerFile: string;
  readonly logFile: string;
  readonly poisonFolder: string;
  readonly concurrency: number;
  readonly isSecondVersion: boolean;
}

/** Ends a process that something threw in where nobody catches. */
const CRASHED = 70;
const GRACE_MS = 3000;

const settings = JSON.parse(process.argv[2] ?? "{}") as WorkerSettings;
const ledger = openLedgerFile(settings.ledgerFile);
const fences = new Map<string, number>();

process.on("uncaughtException", (error) => {
  ledger.note("crash", undefined, String(error.stack));
  process.exit(CRASHED);
});
// The run itself is gone.
process.on("disconnect", () => process.exit());
process.on("message", ({ blockMs }: { readonly blockMs: number }) => {
  blockFor(blockMs);
});

const events = createEventHub((error) => {
  throw error;
});
const ofJob = (jobId: string) => ({ jobId, fence: fences.get(jobId) ?? 0 });
events.on("worker.started", ({ workerId }) => {
  ledger.note("worker", undefined, String(workerId));
});
events.on("job.claimed", ({ jobId, fence }) => {
  fences.set(jobId, fence);
});
events.on("task.completed", ({ jobId, position }) => {
  ledger.note("accepted", { ...ofJob(jobId), position });
});
events.on("task.failed", ({ jobId, position, errorMessage }) => {
  ledger.note("failed", { ...ofJob(jobId), position }, errorMessage);
});
events.on("job.claimLost", ({ jobId, reason }) => {
  ledger.note("lost", ofJob(jobId), reason);
});
events.on("worker.rescued", ({ deadWorkerId }) => {
  ledger.note("rescued", undefined, String(deadWorkerId));
});
events.on("worker.buried", ({ claims }) => {
  ledger.note("buried", undefined, String(claims));
});
events.on("database.troubled", ({ call, errorMessage }) => {
  ledger.note("troubled", undefined, `${call}: ${errorMessage}`);
});

async function work(): Promise<void> {
  const worker = await startWorker({
    connectionString: settings.connectionString,
    definitions: createDefinitions({
      ledger,
      poisonFolder: settings.poisonFolder,
      fenceOf: (jobId) => fences.get(jobId) ?? 0,
      isSecondVersion: settings.isSecondVersion,
    }),
    concurrency: settings.concurrency,
    shutdownGraceMs: GRACE_MS,
    log: createLogger({ level: "warn", destination: pino.destination({ dest: settings.logFile, sync: true }) }),
    events,
  });
  process.send?.("ready");
  process.once("SIGTERM", () => {
    void worker.stop().then(() => process.exit(0));
  });
}

await work();
