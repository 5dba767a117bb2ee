import type { Operation } from "./operation.ts";
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
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

/** What cancelJob takes. */
export type CancelJobInput = {
  /** Number of the job. */
  jobId: string;
  /** Why, for the audit. */
  reason?: string | null | undefined;
};

/** What cancelJobs takes. */
export type CancelJobsInput = {
  /** Only jobs with a larger id: nextAfter of the call before. Default: from the first on. */
  after?: string | null | undefined;
  /** Only jobs that were added at this time or later. */
  createdAfter?: string | null | undefined;
  /** Only jobs that were added before this time. */
  createdBefore?: string | null | undefined;
  /** Only counts the jobs that match, and changes nothing. */
  dryRun?: boolean | null | undefined;
  /** Name of the definition. */
  identifier?: string | null | undefined;
  /** Only these jobs, 10,000 at most; of each one that refuses the order the outcome says why. */
  ids?: Array<string> | null | undefined;
  /** At most so many jobs in this call, 1 to 1000. Default: 100. */
  maxJobs?: number | null | undefined;
  /** Why, for the audit. */
  reason?: string | null | undefined;
  /** Only jobs with this text, as the filter search of lists finds it. At most 20,000 jobs may match what else is given. */
  search?: string | null | undefined;
  /** Only jobs of these statuses. */
  status?: Array<JobStatus> | null | undefined;
  /** Whom the job belongs to; for several jobs: only those of this tenant. */
  tenant?: string | null | undefined;
};

/** What completeTask takes. */
export type CompleteTaskInput = {
  /** Number of the job. */
  jobId: string;
  /** Why, for the audit. */
  reason?: string | null | undefined;
  /** What later handlers read as the task's result. Default: null. */
  result?: unknown;
  /** Key of the task, such as upload[2]. */
  task: string;
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

/** Methods to use when ordering `Job`. */
export type JobOrderBy =
  /** By their end, of one definition: the filter needs isFinal: true and identifier: { equalTo: … }. */
  | 'FINISHED_AT_ASC'
  /** By their end, of one definition: the filter needs isFinal: true and identifier: { equalTo: … }. */
  | 'FINISHED_AT_DESC'
  | 'ID_ASC'
  | 'ID_DESC'
  /** By the time of the next try, among unfinished jobs: the filter needs isFinal: false. */
  | 'NEXT_ATTEMPT_AT_ASC'
  /** By the time of the next try, among unfinished jobs: the filter needs isFinal: false. */
  | 'NEXT_ATTEMPT_AT_DESC'
  | 'PRIMARY_KEY_ASC'
  | 'PRIMARY_KEY_DESC'
  /** By the time before which they are not run, among unfinished jobs: the filter needs isFinal: false. */
  | 'RUN_AT_ASC'
  /** By the time before which they are not run, among unfinished jobs: the filter needs isFinal: false. */
  | 'RUN_AT_DESC';

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

/** What rescheduleJob takes. */
export type RescheduleJobInput = {
  /** Number of the job. */
  jobId: string;
  /** Smaller numbers run earlier, -32768 to 32767. Usual is 0. */
  priority?: number | null | undefined;
  /** Why, for the audit. */
  reason?: string | null | undefined;
  /** Not run before this time; one that has passed means at once. */
  runAt?: string | null | undefined;
};

/** What retryJob takes. */
export type RetryJobInput = {
  /** Key of a task: it and all after it are run anew, even COMPLETED ones. Default: where the job stopped. */
  fromTask?: string | null | undefined;
  /** Number of the job. */
  jobId: string;
  /** Why, for the audit. */
  reason?: string | null | undefined;
};

/** What retryJobs takes. */
export type RetryJobsInput = {
  /** Only jobs with a larger id: nextAfter of the call before. Default: from the first on. */
  after?: string | null | undefined;
  /** Only jobs that were added at this time or later. */
  createdAfter?: string | null | undefined;
  /** Only jobs that were added before this time. */
  createdBefore?: string | null | undefined;
  /** Only counts the jobs that match, and changes nothing. */
  dryRun?: boolean | null | undefined;
  /** Only jobs that ended at this time or later. */
  finishedAfter?: string | null | undefined;
  /** Only jobs that ended before this time. */
  finishedBefore?: string | null | undefined;
  /** Name of the definition. */
  identifier?: string | null | undefined;
  /** Only these jobs, 10,000 at most; of each one that refuses the order the outcome says why. */
  ids?: Array<string> | null | undefined;
  /** At most so many jobs in this call, 1 to 1000. Default: 100. */
  maxJobs?: number | null | undefined;
  /** Why, for the audit. */
  reason?: string | null | undefined;
  /** Only jobs with this text, as the filter search of lists finds it. At most 20,000 jobs may match what else is given. */
  search?: string | null | undefined;
  /** Only jobs of these statuses. */
  status?: Array<JobStatus> | null | undefined;
  /** Whom the job belongs to; for several jobs: only those of this tenant. */
  tenant?: string | null | undefined;
};

/** What skipTask takes. */
export type SkipTaskInput = {
  /** Number of the job. */
  jobId: string;
  /** Why, for the audit. */
  reason?: string | null | undefined;
  /** Key of the task, such as upload[2]. */
  task: string;
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

export type JobRowFragment = { id: string, identifier: string, tenant: string, status: JobStatus, willRetry: boolean, isFinal: boolean, progress: number, taskCount: number, finishedTaskCount: number, createdAt: string, runAt: string, startedAt: string | null, finishedAt: string | null, nextAttemptAt: string | null, jobKey: string | null, currentTask: { key: string, position: number, name: string, status: TaskStatus, attempts: number, errorMessage: string | null } | null };

export type LiveJobsSubscriptionVariables = Exact<{
  filter?: JobFilter | null | undefined;
  first: number;
  after?: string | null | undefined;
  orderBy?: Array<JobOrderBy> | JobOrderBy | null | undefined;
}>;


export type LiveJobsSubscription = { jobsChanged: { nodes: Array<{ id: string, identifier: string, tenant: string, status: JobStatus, willRetry: boolean, isFinal: boolean, progress: number, taskCount: number, finishedTaskCount: number, createdAt: string, runAt: string, startedAt: string | null, finishedAt: string | null, nextAttemptAt: string | null, jobKey: string | null, currentTask: { key: string, position: number, name: string, status: TaskStatus, attempts: number, errorMessage: string | null } | null }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, endCursor: string | null } } | null };

export type LiveJobSubscriptionVariables = Exact<{
  id: string;
  taskOffset: number;
}>;


export type LiveJobSubscription = { jobChanged: { explanation: string, etaSeconds: number | null, version: string | null, workerId: number | null, maxAttempts: number | null, priority: number, queueName: string | null, cancelReason: string | null, scrubbedAt: string | null, timeoutAt: string | null, id: string, identifier: string, tenant: string, status: JobStatus, willRetry: boolean, isFinal: boolean, progress: number, taskCount: number, finishedTaskCount: number, createdAt: string, runAt: string, startedAt: string | null, finishedAt: string | null, nextAttemptAt: string | null, jobKey: string | null, tasks: { nodes: Array<{ position: number, key: string, name: string, status: TaskStatus, attempts: number, deaths: number, progress: number | null, startedAt: string | null, completedAt: string | null, errorMessage: string | null }> }, failures: { nodes: Array<{ id: string, position: number, attempt: number, counted: boolean, errorName: string | null, errorCode: string | null, errorMessage: string, errorStack: string | null, startedAt: string, failedAt: string, nextAttemptAt: string | null, workerId: number | null }> }, auditEntries: { nodes: Array<{ id: string, at: string, actor: string, action: string, reason: string | null, detail: unknown }> }, currentTask: { key: string, position: number, name: string, status: TaskStatus, attempts: number, errorMessage: string | null } | null } | null };

export type FailureFragment = { id: string, position: number, attempt: number, counted: boolean, errorName: string | null, errorCode: string | null, errorMessage: string, errorStack: string | null, startedAt: string, failedAt: string, nextAttemptAt: string | null, workerId: number | null };

export type OlderFailuresQueryVariables = Exact<{
  id: string;
  before: string;
}>;


export type OlderFailuresQuery = { job: { failures: { nodes: Array<{ id: string, position: number, attempt: number, counted: boolean, errorName: string | null, errorCode: string | null, errorMessage: string, errorStack: string | null, startedAt: string, failedAt: string, nextAttemptAt: string | null, workerId: number | null }>, pageInfo: { hasNextPage: boolean } } } | null };

export type ExplanationQueryVariables = Exact<{
  id: string;
}>;


export type ExplanationQuery = { job: { explanation: string, etaSeconds: number | null } | null };

export type JobPayloadQueryVariables = Exact<{
  id: string;
}>;


export type JobPayloadQuery = { job: { payload: unknown } | null };

export type TaskValuesQueryVariables = Exact<{
  id: string;
  position: number;
}>;


export type TaskValuesQuery = { job: { tasks: { nodes: Array<{ input: unknown, result: unknown }> } } | null };

export type StatsQueryVariables = Exact<{
  minutes: number;
}>;


export type StatsQuery = { queueStats: Array<{ identifier: string, waiting: number, scheduled: number, running: number, willRetry: number, withoutWorker: number, oldestWaitSeconds: number | null, completed: number, failedForGood: number, cancelled: number, endsPerMinute: number }> };

export type HourQueryVariables = Exact<{ [key: string]: never; }>;


export type HourQuery = { queueHistory: Array<{ startedAt: string, completed: number, failedForGood: number, cancelled: number }> };

export type LatestFailureQueryVariables = Exact<{
  filter: JobFilter;
  orderBy: Array<JobOrderBy> | JobOrderBy;
}>;


export type LatestFailureQuery = { jobs: { nodes: Array<{ id: string, finishedAt: string | null, nextAttemptAt: string | null, currentTask: { name: string, errorMessage: string | null } | null }> } | null };

export type OldestWaitingQueryVariables = Exact<{
  identifier: string;
  dueBefore: string;
}>;


export type OldestWaitingQuery = { jobs: { nodes: Array<{ id: string, explanation: string }> } | null };

export type WorkersQueryVariables = Exact<{ [key: string]: never; }>;


export type WorkersQuery = { workers: { nodes: Array<{ id: number, host: string, pid: number, version: string, concurrency: number, startedAt: string, beatAt: string, knownVersions: Array<string | null> }> } | null, gone: { nodes: Array<{ id: number, stoppedAt: string | null, rescuedBy: number | null }> } | null };

export type WorkersPageQueryVariables = Exact<{ [key: string]: never; }>;


export type WorkersPageQuery = { alive: { nodes: Array<{ id: number, host: string, pid: number, version: string, concurrency: number, startedAt: string, beatAt: string }> } | null, gone: { nodes: Array<{ id: number, host: string, pid: number, version: string, startedAt: string, stoppedAt: string | null, rescuedBy: number | null }> } | null, running: { nodes: Array<{ id: string, identifier: string, workerId: number | null, startedAt: string | null, progress: number, currentTask: { name: string, startedAt: string | null } | null }> } | null };

export type DefinitionsQueryVariables = Exact<{ [key: string]: never; }>;


export type DefinitionsQuery = { definitions: { nodes: Array<{ identifier: string, version: string, currentSince: string, templates: unknown, payloadSchema: unknown, maxAttempts: number }> } | null };

export type AddMutationVariables = Exact<{
  input: AddJobInput;
}>;


export type AddMutation = { addJob: { job: { id: string } } | null };

export type CancelMutationVariables = Exact<{
  input: CancelJobInput;
}>;


export type CancelMutation = { cancelJob: { job: { id: string, status: JobStatus } } | null };

export type RetryMutationVariables = Exact<{
  input: RetryJobInput;
}>;


export type RetryMutation = { retryJob: { job: { id: string, status: JobStatus } } | null };

export type SkipMutationVariables = Exact<{
  input: SkipTaskInput;
}>;


export type SkipMutation = { skipTask: { job: { id: string, status: JobStatus } } | null };

export type CompleteMutationVariables = Exact<{
  input: CompleteTaskInput;
}>;


export type CompleteMutation = { completeTask: { job: { id: string, status: JobStatus } } | null };

export type RescheduleMutationVariables = Exact<{
  input: RescheduleJobInput;
}>;


export type RescheduleMutation = { rescheduleJob: { job: { id: string, status: JobStatus } } | null };

export type OutcomeFragment = { matched: number, done: number, refused: number, nextAfter: string | null, refusals: Array<{ code: string, message: string, hint: string, jobs: number, firstJobId: string }> };

export type RetryManyMutationVariables = Exact<{
  input: RetryJobsInput;
}>;


export type RetryManyMutation = { retryJobs: { outcome: { matched: number, done: number, refused: number, nextAfter: string | null, refusals: Array<{ code: string, message: string, hint: string, jobs: number, firstJobId: string }> } } | null };

export type CancelManyMutationVariables = Exact<{
  input: CancelJobsInput;
}>;


export type CancelManyMutation = { cancelJobs: { outcome: { matched: number, done: number, refused: number, nextAfter: string | null, refusals: Array<{ code: string, message: string, hint: string, jobs: number, firstJobId: string }> } } | null };

export type PreviewPlanQueryVariables = Exact<{
  identifier: string;
  payload?: unknown;
  tenant?: string | null | undefined;
}>;


export type PreviewPlanQuery = { previewPlan: Array<{ position: number, key: string, name: string }> };

export type JobToCopyQueryVariables = Exact<{
  id: string;
}>;


export type JobToCopyQuery = { job: { identifier: string, payload: unknown, tenant: string, priority: number, queueName: string | null, maxAttempts: number | null } | null };

export const LiveJobsDocument: Operation<LiveJobsSubscription, LiveJobsSubscriptionVariables> = `subscription LiveJobs($filter: JobFilter, $first: Int!, $after: Cursor, $orderBy: [JobOrderBy!]) { jobsChanged(filter: $filter, first: $first, after: $after, orderBy: $orderBy) { nodes { ...JobRow } pageInfo { hasNextPage hasPreviousPage endCursor } } } fragment JobRow on Job { id identifier tenant status willRetry isFinal progress taskCount finishedTaskCount createdAt runAt startedAt finishedAt nextAttemptAt jobKey currentTask { key position name status attempts errorMessage } }`;

export const LiveJobDocument: Operation<LiveJobSubscription, LiveJobSubscriptionVariables> = `subscription LiveJob($id: BigInt!, $taskOffset: Int!) { jobChanged(id: $id) { ...JobRow explanation etaSeconds version workerId maxAttempts priority queueName cancelReason scrubbedAt timeoutAt tasks(first: 100, offset: $taskOffset) { nodes { position key name status attempts deaths progress startedAt completedAt errorMessage } } failures(first: 100) { nodes { ...Failure } } auditEntries(first: 50) { nodes { id at actor action reason detail } } } } fragment JobRow on Job { id identifier tenant status willRetry isFinal progress taskCount finishedTaskCount createdAt runAt startedAt finishedAt nextAttemptAt jobKey currentTask { key position name status attempts errorMessage } } fragment Failure on TaskFailure { id position attempt counted errorName errorCode errorMessage errorStack startedAt failedAt nextAttemptAt workerId }`;

export const OlderFailuresDocument: Operation<OlderFailuresQuery, OlderFailuresQueryVariables> = `query OlderFailures($id: BigInt!, $before: BigInt!) { job(id: $id) { failures(first: 100, filter: {id: {lessThan: $before}}) { nodes { ...Failure } pageInfo { hasNextPage } } } } fragment Failure on TaskFailure { id position attempt counted errorName errorCode errorMessage errorStack startedAt failedAt nextAttemptAt workerId }`;

export const ExplanationDocument: Operation<ExplanationQuery, ExplanationQueryVariables> = `query Explanation($id: BigInt!) { job(id: $id) { explanation etaSeconds } }`;

export const JobPayloadDocument: Operation<JobPayloadQuery, JobPayloadQueryVariables> = `query JobPayload($id: BigInt!) { job(id: $id) { payload } }`;

export const TaskValuesDocument: Operation<TaskValuesQuery, TaskValuesQueryVariables> = `query TaskValues($id: BigInt!, $position: Int!) { job(id: $id) { tasks(first: 1, filter: {position: {equalTo: $position}}) { nodes { input result } } } }`;

export const StatsDocument: Operation<StatsQuery, StatsQueryVariables> = `query Stats($minutes: Int!) { queueStats(minutes: $minutes) { identifier waiting scheduled running willRetry withoutWorker oldestWaitSeconds completed failedForGood cancelled endsPerMinute } }`;

export const HourDocument: Operation<HourQuery, HourQueryVariables> = `query Hour { queueHistory(minutes: 60, buckets: 60) { startedAt completed failedForGood cancelled } }`;

export const LatestFailureDocument: Operation<LatestFailureQuery, LatestFailureQueryVariables> = `query LatestFailure($filter: JobFilter!, $orderBy: [JobOrderBy!]!) { jobs(first: 1, filter: $filter, orderBy: $orderBy) { nodes { id finishedAt nextAttemptAt currentTask { name errorMessage } } } }`;

export const OldestWaitingDocument: Operation<OldestWaitingQuery, OldestWaitingQueryVariables> = `query OldestWaiting($identifier: String!, $dueBefore: Datetime!) { jobs( first: 1 filter: {identifier: {equalTo: $identifier}, finishedAt: {isNull: true}, workerId: {isNull: true}, version: {isNull: false}, runAt: {lessThan: $dueBefore}, or: [{nextAttemptAt: {isNull: true}}, {nextAttemptAt: {lessThan: $dueBefore}}]} orderBy: [ID_ASC] ) { nodes { id explanation } } }`;

export const WorkersDocument: Operation<WorkersQuery, WorkersQueryVariables> = `query Workers { workers(first: 100, filter: {stoppedAt: {isNull: true}}) { nodes { id host pid version concurrency startedAt beatAt knownVersions } } gone: workers(first: 20, filter: {stoppedAt: {isNull: false}}) { nodes { id stoppedAt rescuedBy } } }`;

export const WorkersPageDocument: Operation<WorkersPageQuery, WorkersPageQueryVariables> = `query WorkersPage { alive: workers(first: 100, filter: {stoppedAt: {isNull: true}}) { nodes { id host pid version concurrency startedAt beatAt } } gone: workers(first: 20, filter: {stoppedAt: {isNull: false}}) { nodes { id host pid version startedAt stoppedAt rescuedBy } } running: jobs( first: 100 filter: {workerId: {isNull: false}, finishedAt: {isNull: true}} ) { nodes { id identifier workerId startedAt progress currentTask { name startedAt } } } }`;

export const DefinitionsDocument: Operation<DefinitionsQuery, DefinitionsQueryVariables> = `query Definitions { definitions(first: 100) { nodes { identifier version currentSince templates payloadSchema maxAttempts } } }`;

export const AddDocument: Operation<AddMutation, AddMutationVariables> = `mutation Add($input: AddJobInput!) { addJob(input: $input) { job { id } } }`;

export const CancelDocument: Operation<CancelMutation, CancelMutationVariables> = `mutation Cancel($input: CancelJobInput!) { cancelJob(input: $input) { job { id status } } }`;

export const RetryDocument: Operation<RetryMutation, RetryMutationVariables> = `mutation Retry($input: RetryJobInput!) { retryJob(input: $input) { job { id status } } }`;

export const SkipDocument: Operation<SkipMutation, SkipMutationVariables> = `mutation Skip($input: SkipTaskInput!) { skipTask(input: $input) { job { id status } } }`;

export const CompleteDocument: Operation<CompleteMutation, CompleteMutationVariables> = `mutation Complete($input: CompleteTaskInput!) { completeTask(input: $input) { job { id status } } }`;

export const RescheduleDocument: Operation<RescheduleMutation, RescheduleMutationVariables> = `mutation Reschedule($input: RescheduleJobInput!) { rescheduleJob(input: $input) { job { id status } } }`;

export const RetryManyDocument: Operation<RetryManyMutation, RetryManyMutationVariables> = `mutation RetryMany($input: RetryJobsInput!) { retryJobs(input: $input) { outcome { ...Outcome } } } fragment Outcome on OrdersOutcome { matched done refused nextAfter refusals { code message hint jobs firstJobId } }`;

export const CancelManyDocument: Operation<CancelManyMutation, CancelManyMutationVariables> = `mutation CancelMany($input: CancelJobsInput!) { cancelJobs(input: $input) { outcome { ...Outcome } } } fragment Outcome on OrdersOutcome { matched done refused nextAfter refusals { code message hint jobs firstJobId } }`;

export const PreviewPlanDocument: Operation<PreviewPlanQuery, PreviewPlanQueryVariables> = `query PreviewPlan($identifier: String!, $payload: JSON, $tenant: String) { previewPlan(identifier: $identifier, payload: $payload, tenant: $tenant) { position key name } }`;

export const JobToCopyDocument: Operation<JobToCopyQuery, JobToCopyQueryVariables> = `query JobToCopy($id: BigInt!) { job(id: $id) { identifier payload tenant priority queueName maxAttempts } }`;
