export { createTestBench } from "./testBench.ts";
export type { AddToBenchOptions, BenchJob, TestBench, TestBenchOptions } from "./testBench.ts";
export { testJob } from "./testJob.ts";
export type { FinishedTestJob, TestJobOptions } from "./testJob.ts";
export type { TestedJob, TestedTask } from "./testedJob.ts";
export type { StandInHandlers, TaskKeyOf } from "./keys.ts";
export type { Trouble } from "./trouble.ts";
export type { TaskCall } from "./recorder.ts";
export type { HandlerLogLine } from "./handlerLog.ts";
