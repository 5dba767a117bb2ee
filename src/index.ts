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
