/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** What addJob takes. */
export type AddJobInput = {
  /** Name of the definition. */
  identifier: string;
  /** The job's key: at most one unfinished job of a tenant has it. */
  jobKey?: string | null | undefined;
  /** What happens if an unfinished job has the key: replace (default), preserve_run_at or unsafe_dedupe. */
  jobKeyMode?: string | null | undefined;
  /** Counted tries of each task. Default: as the definition says. */
  maxAttempts?: number | null | undefined;
  /** What the job works on: an object that the definition's schema accepts. Default: {}. */
  payload?: unknown;
  /** Smaller numbers run earlier, -32768 to 32767. Usual is 0. */
  priority?: number | null | undefined;
  /** Jobs of one queue run one after another. */
  queueName?: string | null | undefined;
  /** Wait before the second try of a task. Default: as the definition says. */
  retryDelay?: IntervalInput | null | undefined;
  /** Not run before this time; one that has passed means at once. */
  runAt?: string | null | undefined;
  /** Tasks of the plan by key or name: only these, in this order. Default: all. */
  taskNames?: Array<string> | null | undefined;
  /** Whom the job belongs to; for several jobs: only those of this tenant. */
  tenant?: string | null | undefined;
};

/** A filter to be used against BigInt fields. All fields are combined with a logical ‘and.’ */
export type BigIntFilter = {
  /** Equal to the specified value. */
  equalTo?: string | null | undefined;
  /** Greater than the specified value. */
  greaterThan?: string | null | undefined;
  /** Greater than or equal to the specified value. */
  greaterThanOrEqualTo?: string | null | undefined;
  /** Included in the specified list. */
  in?: Array<string> | null | undefined;
  /** Is null (if `true` is specified) or is not null (if `false` is specified). */
  isNull?: boolean | null | undefined;
  /** Less than the specified value. */
  lessThan?: string | null | undefined;
  /** Less than or equal to the specified value. */
  lessThanOrEqualTo?: string | null | undefined;
  /** Not equal to the specified value. */
  notEqualTo?: string | null | undefined;
  /** Not included in the specified list. */
  notIn?: Array<string> | null | undefined;
};

/** A filter to be used against Datetime fields. All fields are combined with a logical ‘and.’ */
export type DatetimeFilter = {
  /** Equal to the specified value. */
  equalTo?: string | null | undefined;
  /** Greater than the specified value. */
  greaterThan?: string | null | undefined;
  /** Greater than or equal to the specified value. */
  greaterThanOrEqualTo?: string | null | undefined;
  /** Included in the specified list. */
  in?: Array<string> | null | undefined;
  /** Is null (if `true` is specified) or is not null (if `false` is specified). */
  isNull?: boolean | null | undefined;
  /** Less than the specified value. */
  lessThan?: string | null | undefined;
  /** Less than or equal to the specified value. */
  lessThanOrEqualTo?: string | null | undefined;
  /** Not equal to the specified value. */
  notEqualTo?: string | null | undefined;
  /** Not included in the specified list. */
  notIn?: Array<string> | null | undefined;
};

/** A filter to be used against Int fields. All fields are combined with a logical ‘and.’ */
export type IntFilter = {
  /** Equal to the specified value. */
  equalTo?: number | null | undefined;
  /** Greater than the specified value. */
  greaterThan?: number | null | undefined;
  /** Greater than or equal to the specified value. */
  greaterThanOrEqualTo?: number | null | undefined;
  /** Included in the specified list. */
  in?: Array<number> | null | undefined;
  /** Is null (if `true` is specified) or is not null (if `false` is specified). */
  isNull?: boolean | null | undefined;
  /** Less than the specified value. */
  lessThan?: number | null | undefined;
  /** Less than or equal to the specified value. */
  lessThanOrEqualTo?: number | null | undefined;
  /** Not equal to the specified value. */
  notEqualTo?: number | null | undefined;
  /** Not included in the specified list. */
  notIn?: Array<number> | null | undefined;
};

/** An interval of time that has passed where the smallest distinct unit is a second. */
export type IntervalInput = {
  /** A quantity of days. */
  days?: number | null | undefined;
  /** A quantity of hours. */
  hours?: number | null | undefined;
  /** A quantity of minutes. */
  minutes?: number | null | undefined;
  /** A quantity of months. */
  months?: number | null | undefined;
  /**
   * A quantity of seconds. This is the only non-integer field, as all the other
   * fields will dump their overflow into a smaller unit of time. Intervals don’t
   * have a smaller unit than seconds.
   */
  seconds?: number | null | undefined;
  /** A quantity of years. */
  years?: number | null | undefined;
};

/** A filter to be used against `Job` object types. All fields are combined with a logical ‘and.’ */
export type JobFilter = {
  /** Filter by the object’s `adoptedFrom` field. */
  adoptedFrom?: BigIntFilter | null | undefined;
  /** Checks for all expressions in this list. */
  and?: Array<JobFilter> | null | undefined;
  /** Filter by the object’s `createdAt` field. */
  createdAt?: DatetimeFilter | null | undefined;
  /** Filter by the object’s `finishedAt` field. */
  finishedAt?: DatetimeFilter | null | undefined;
  /** Filter by the object’s `id` field. */
  id?: BigIntFilter | null | undefined;
  /** Filter by the object’s `identifier` field. */
  identifier?: StringFilter | null | undefined;
  /** Whether nothing more happens to the job by itself; the same as finishedAt not being null. */
  isFinal?: boolean | null | undefined;
  /** Filter by the object’s `jobKey` field. */
  jobKey?: StringFilter | null | undefined;
  /** Filter by the object’s `nextAttemptAt` field. */
  nextAttemptAt?: DatetimeFilter | null | undefined;
  /** Negates the expression. */
  not?: JobFilter | null | undefined;
  /** Checks for any expressions in this list. */
  or?: Array<JobFilter> | null | undefined;
  /** Filter by the object’s `queueName` field. */
  queueName?: StringFilter | null | undefined;
  /** Filter by the object’s `runAt` field. */
  runAt?: DatetimeFilter | null | undefined;
  /** Only jobs with this text, in capitals or not, in identifier, job key, reason of cancelling, error of the failed task or payload (up to 16 kB as stored, and where the viewer may see it); or with this number. Looks at the newest 20,000 jobs of those that identifier, status, isFinal, tenant, createdAt and finishedAt beside it leave. */
  search?: string | null | undefined;
  /** Filter by the object’s `startedAt` field. */
  startedAt?: DatetimeFilter | null | undefined;
  /** Filter by the object’s `status` field. */
  status?: JobStatusFilter | null | undefined;
  /** Filter by the object’s `tenant` field. */
  tenant?: StringFilter | null | undefined;
  /** Filter by the object’s `version` field. */
  version?: StringFilter | null | undefined;
  /** Filter by the object’s `workerId` field. */
  workerId?: IntFilter | null | undefined;
};

/**
 * PENDING: not started. RUNNING: claimed at least once and going on. WAITING: a
 * task waits for a time, a signal or another job. COMPLETED: all tasks are
 * COMPLETED or SKIPPED. FAILED: a task failed; next_attempt_at tells whether it is
 * tried again. CANCELLED: stopped by an order.
 */
export type JobStatus =
  /** Stopped by an order. */
  | 'CANCELLED'
  /** All tasks are COMPLETED or SKIPPED. */
  | 'COMPLETED'
  /** A task failed; next_attempt_at tells whether it is tried again. */
  | 'FAILED'
  /** Not started. */
  | 'PENDING'
  /** Claimed at least once and going on. */
  | 'RUNNING'
  /** A task waits for a time, a signal or another job. */
  | 'WAITING';

/** A filter to be used against JobStatus fields. All fields are combined with a logical ‘and.’ */
export type JobStatusFilter = {
  /** Equal to the specified value. */
  equalTo?: JobStatus | null | undefined;
  /** Included in the specified list. */
  in?: Array<JobStatus> | null | undefined;
  /** Is null (if `true` is specified) or is not null (if `false` is specified). */
  isNull?: boolean | null | undefined;
  /** Not equal to the specified value. */
  notEqualTo?: JobStatus | null | undefined;
  /** Not included in the specified list. */
  notIn?: Array<JobStatus> | null | undefined;
};

/** A filter to be used against String fields. All fields are combined with a logical ‘and.’ */
export type StringFilter = {
  /** Equal to the specified value. */
  equalTo?: string | null | undefined;
  /** Greater than the specified value. */
  greaterThan?: string | null | undefined;
  /** Greater than or equal to the specified value. */
  greaterThanOrEqualTo?: string | null | undefined;
  /** Included in the specified list. */
  in?: Array<string> | null | undefined;
  /** Contains the specified string (case-insensitive). */
  includesInsensitive?: string | null | undefined;
  /** Is null (if `true` is specified) or is not null (if `false` is specified). */
  isNull?: boolean | null | undefined;
  /** Less than the specified value. */
  lessThan?: string | null | undefined;
  /** Less than or equal to the specified value. */
  lessThanOrEqualTo?: string | null | undefined;
  /** Not equal to the specified value. */
  notEqualTo?: string | null | undefined;
  /** Not included in the specified list. */
  notIn?: Array<string> | null | undefined;
  /** Starts with the specified string (case-sensitive). */
  startsWith?: string | null | undefined;
};

/**
 * PENDING: not started. RUNNING: a worker runs its handler. WAITING: off every
 * worker until a time, a signal or another job. COMPLETED: done, never run again.
 * FAILED: its last try failed. SKIPPED: left out by an order. CANCELLED: its job
 * was stopped first.
 */
export type TaskStatus =
  /** Its job was stopped first. */
  | 'CANCELLED'
  /** Done, never run again. */
  | 'COMPLETED'
  /** Its last try failed. */
  | 'FAILED'
  /** Not started. */
  | 'PENDING'
  /** A worker runs its handler. */
  | 'RUNNING'
  /** Left out by an order. */
  | 'SKIPPED'
  /** Off every worker until a time, a signal or another job. */
  | 'WAITING';

export type JobProgressFragment = { id: string, identifier: string, status: JobStatus, progress: number, isFinal: boolean, willRetry: boolean, explanation: string, tasks: { nodes: Array<{ position: number, name: string, status: TaskStatus, errorMessage: string | null }> } };

export type JobChangedSubscriptionVariables = Exact<{
  id: string;
}>;


export type JobChangedSubscription = { jobChanged: { id: string, identifier: string, status: JobStatus, progress: number, isFinal: boolean, willRetry: boolean, explanation: string, tasks: { nodes: Array<{ position: number, name: string, status: TaskStatus, errorMessage: string | null }> } } | null };

export type JobsChangedSubscriptionVariables = Exact<{
  first: number;
  filter?: JobFilter | null | undefined;
}>;


export type JobsChangedSubscription = { jobsChanged: { nodes: Array<{ id: string, identifier: string, status: JobStatus, progress: number, isFinal: boolean, willRetry: boolean, explanation: string, tasks: { nodes: Array<{ position: number, name: string, status: TaskStatus, errorMessage: string | null }> } }> } | null };

export type NewestJobsQueryVariables = Exact<{
  first: number;
  filter?: JobFilter | null | undefined;
}>;


export type NewestJobsQuery = { jobs: { nodes: Array<{ id: string, identifier: string, status: JobStatus, progress: number, isFinal: boolean, willRetry: boolean, explanation: string, tasks: { nodes: Array<{ position: number, name: string, status: TaskStatus, errorMessage: string | null }> } }> } | null };

export type AddJobMutationVariables = Exact<{
  input: AddJobInput;
}>;


export type AddJobMutation = { addJob: { job: { id: string, identifier: string, status: JobStatus, progress: number, isFinal: boolean, willRetry: boolean, explanation: string, tasks: { nodes: Array<{ position: number, name: string, status: TaskStatus, errorMessage: string | null }> } } } | null };

export const JobProgressFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobProgress"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"identifier"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"progress"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"willRetry"}},{"kind":"Field","name":{"kind":"Name","value":"explanation"}},{"kind":"Field","name":{"kind":"Name","value":"tasks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"errorMessage"}}]}}]}}]}}]} as unknown as DocumentNode<JobProgressFragment, unknown>;
export const JobChangedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"JobChanged"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"BigInt"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"jobChanged"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobProgress"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobProgress"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"identifier"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"progress"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"willRetry"}},{"kind":"Field","name":{"kind":"Name","value":"explanation"}},{"kind":"Field","name":{"kind":"Name","value":"tasks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"errorMessage"}}]}}]}}]}}]} as unknown as DocumentNode<JobChangedSubscription, JobChangedSubscriptionVariables>;
export const JobsChangedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"JobsChanged"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"JobFilter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"jobsChanged"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobProgress"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobProgress"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"identifier"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"progress"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"willRetry"}},{"kind":"Field","name":{"kind":"Name","value":"explanation"}},{"kind":"Field","name":{"kind":"Name","value":"tasks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"errorMessage"}}]}}]}}]}}]} as unknown as DocumentNode<JobsChangedSubscription, JobsChangedSubscriptionVariables>;
export const NewestJobsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"NewestJobs"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"JobFilter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"jobs"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobProgress"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobProgress"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"identifier"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"progress"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"willRetry"}},{"kind":"Field","name":{"kind":"Name","value":"explanation"}},{"kind":"Field","name":{"kind":"Name","value":"tasks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"errorMessage"}}]}}]}}]}}]} as unknown as DocumentNode<NewestJobsQuery, NewestJobsQueryVariables>;
export const AddJobDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"AddJob"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"AddJobInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"addJob"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"job"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobProgress"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobProgress"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"identifier"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"progress"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"willRetry"}},{"kind":"Field","name":{"kind":"Name","value":"explanation"}},{"kind":"Field","name":{"kind":"Name","value":"tasks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"errorMessage"}}]}}]}}]}}]} as unknown as DocumentNode<AddJobMutation, AddJobMutationVariables>;