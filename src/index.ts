export { defineJob, type DefineJobOptions } from "./definition/defineJob.ts";
export { jsonpath, type JsonPathOptions, type JsonPathSource } from "./definition/jsonpath.ts";
export type { Duration } from "./definition/duration.ts";
export type { AsJson, JsonValue } from "./definition/json.ts";
export {
  type AnyJobDefinition,
  isJobDefinition,
  type JobDefinition,
  type PayloadInput,
  type PayloadOf,
  type ResultsOf,
} from "./definition/jobDefinition.ts";
export type { RetentionOptions } from "./definition/retention.ts";
export type { RetryOptions } from "./definition/retryPolicy.ts";
export type { TaskContext, TaskLog, TransactionClient, TransactionContext } from "./definition/taskContext.ts";
export type { TaskOptions } from "./definition/template.ts";
export {
  NonRetryableError,
  isNonRetryableError,
  isRetryLaterError,
  RetryLaterError,
  type RetryLaterOptions,
} from "./errors/handlerErrors.ts";
export { isRatchetError, RatchetError, type RatchetErrorOptions } from "./errors/ratchetError.ts";
export type { RatchetErrorCode } from "./errors/catalogue.ts";
export { createRatchet, type RatchetOptions } from "./client/createRatchet.ts";
export type {
  AddManyOptions,
  AddOptions,
  CallOptions,
  CancelOptions,
  ListOptions,
  Ratchet,
  RetryJobOptions,
  TaskOrderOptions,
  WaitOptions,
} from "./client/ratchet.ts";
export type { JobItem, JobOptions } from "./client/addOptions.ts";
export type { AddedJob, JobDetails, JobId } from "./client/jobDetails.ts";
export {
  type JobName,
  type JobReference,
  jobReference,
  type JobResults,
  type JobSource,
  type QueuedPayload,
} from "./client/jobReference.ts";
export type { RatchetPool, RatchetPoolClient, SqlClient } from "./client/sqlClient.ts";
export type { JobFilter, JobOverview } from "./database/calls/jobList.ts";
export type { JobStatus } from "./database/calls/jobs.ts";
export type { OrderedJob } from "./database/calls/orders.ts";
export type { TaskDetails } from "./database/calls/jobDetails.ts";
export type { TaskStatus } from "./database/calls/claims.ts";
export type { SchemaNames } from "./database/schemaNames.ts";
export type { PayloadIssue } from "./errors/ratchetError.ts";
