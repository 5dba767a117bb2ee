export {
  TaskOrchestrator,
  type OrchestratedHandler,
  type OrchestratedHandlers,
  type TaskOrchestratorOptions,
} from "../engine/taskOrchestrator.ts";
export type { TaskResult } from "../engine/taskRun.ts";
export { createEventHub, type EventHub, type RatchetEventName, type RatchetEvents } from "../telemetry/events.ts";
export { RatchetPreset } from "./ratchetPreset.ts";
export { type RunningWorker, startWorker, type WorkerOptions } from "./startWorker.ts";
