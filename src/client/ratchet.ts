import type { JobFilter, JobOverview } from "../database/calls/jobList.ts";
import type { OrderedJob } from "../database/calls/orders.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import type { Duration } from "../definition/duration.ts";
import type { JobItem, JobOptions } from "./addOptions.ts";
import type { AddedJob, JobDetails, JobId } from "./jobDetails.ts";
import type { JobName, JobSource, QueuedPayload } from "./jobReference.ts";
import type { SqlClient } from "./sqlClient.ts";

/** What every call but `waitFor` and `close` takes. */
export interface CallOptions {
  /**
   * A client of the caller's own, inside the caller's transaction or not: the call runs there, and takes effect when that
   * transaction commits. Default: a connection of the client's pool, committed when the call resolves.
   */
  readonly client?: SqlClient | undefined;
}

/** Options of {@link Ratchet.add}. */
export interface AddOptions extends JobOptions, CallOptions {
  /**
   * Whether the payload is checked before it is sent: by the definition's own validator if it is at hand, else by the JSON
   * Schema that is stored with the definition. The worker checks it again in any case. Default: true.
   */
  readonly checkPayload?: boolean | undefined;
}

/** Options of {@link Ratchet.addMany}. */
export type AddManyOptions = Pick<AddOptions, "checkPayload" | "client">;

/** Options of {@link Ratchet.waitFor}. */
export interface WaitOptions {
  /** Ends the waiting, not the job: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The longest time to wait; then RT126. Default: without end. */
  readonly timeout?: Duration | undefined;
}

/** Options of {@link Ratchet.list}; see {@link JobFilter}. */
export interface ListOptions extends Omit<JobFilter, "limit">, CallOptions {
  /** The most jobs to give, 1 to 1,000. Default: 50. */
  readonly limit?: number | undefined;
}

/** Options of {@link Ratchet.cancel}. */
export interface CancelOptions extends CallOptions {
  /** Kept with the job and in `ratchet.audit`. */
  readonly reason?: string | undefined;
}

/** Options of {@link Ratchet.retry}. */
export interface RetryJobOptions extends CallOptions {
  /**
   * A task's key (`create`, `upload[2]`): it and all after it run anew, even if they are COMPLETED. Default: the job goes on
   * where it stopped.
   */
  readonly fromTask?: string | undefined;
  /** Kept in `ratchet.audit`. */
  readonly reason?: string | undefined;
}

/** Options of {@link Ratchet.skip} and {@link Ratchet.complete}. */
export interface TaskOrderOptions extends CallOptions {
  /** Kept in `ratchet.audit`. */
  readonly reason?: string | undefined;
}

/**
 * What a service uses to queue and follow jobs. Every method may reject with a `RatchetError`: RT101 (Postgres cannot be
 * reached; `retryable`), RT103 (rights), RT106 (not migrated).
 */
export interface Ratchet extends AsyncDisposable {
  /**
   * Adds a job with its whole plan and resolves when it is durable; with `client`, when it is written in that transaction.
   * Calls at the same time share commits, and a job that is refused fails alone.
   * @param job a definition that says its identifier, a `jobReference`, or the identifier; with an identifier the type
   * argument gives the payload's type: `add<typeof import("./tasks/publish_listing.ts")>("publish_listing", payload)`.
   * @param payload what the definition's schema takes, as plain data: it is stored as JSON, as it is.
   * @throws {RatchetError} RT001 (unknown identifier), RT002 to RT005 (no plan can be made of the payload), RT006 (an option),
   * RT118 (the payload; `issues` has each place), RT125 (whether it was added is not known), RT128 (its key is held).
   */
  add<Source extends JobSource = AnyJobDefinition>(
    job: JobName<Source>,
    payload: QueuedPayload<Source>,
    options?: AddOptions,
  ): Promise<AddedJob<Source>>;

  /**
   * Adds many jobs of one definition in one transaction: all or none. They are sent in slices of 1,000, so that 100,000 are fine;
   * nobody sees one of them before the last is written.
   * @returns the jobs in the order of the items.
   * @throws {RatchetError} as `add`; the message begins with the place: `Job 3 of 100: …`.
   */
  addMany<Source extends JobSource = AnyJobDefinition>(
    job: JobName<Source>,
    items: readonly JobItem<QueuedPayload<Source>>[],
    options?: AddManyOptions,
  ): Promise<AddedJob<Source>[]>;

  /**
   * Waits until nothing more happens to the job by itself: COMPLETED, CANCELLED, or FAILED for good. A job that FAILED and
   * will be tried again is still waited for, and so is a database that goes away. All waiting shares one connection.
   * @returns the job with its tasks and results, whatever its end: look at `status`.
   * @throws {RatchetError} RT013 (no such job, or it was deleted meanwhile), RT126 (time-out), RT127 (the client was closed).
   */
  waitFor<Source extends JobSource = AnyJobDefinition>(
    job: JobId<Source>,
    options?: WaitOptions,
  ): Promise<JobDetails<Source>>;

  /** The job as it is now, with its payload, tasks and results; `null` if there is none. */
  get<Source extends JobSource = AnyJobDefinition>(
    job: JobId<Source>,
    options?: CallOptions,
  ): Promise<JobDetails<Source> | null>;

  /** Jobs that match, newest first. For the next page give the last one's id as `beforeId`. */
  list(options?: ListOptions): Promise<JobOverview[]>;

  /**
   * Stops a job for good; a handler that runs has its signal aborted within about a second. One that is CANCELLED already stays
   * as it is.
   * @throws {RatchetError} RT013 (no such job), RT016 (it has ended otherwise).
   */
  cancel(job: JobId<JobSource>, options?: CancelOptions): Promise<OrderedJob>;

  /**
   * Lets a FAILED or CANCELLED job go on at once, with all its tries.
   * @throws {RatchetError} RT008 (no such task), RT013 (no such job), RT017 (it cannot be tried again as it stands), RT018 (it was
   * scrubbed), RT019 (another job has its key).
   */
  retry(job: JobId<JobSource>, options?: RetryJobOptions): Promise<OrderedJob>;

  /**
   * Leaves a task out that is PENDING, RUNNING or FAILED; the job goes on at the next one at once. A handler that runs it has its
   * signal aborted within about a second. Later handlers get `null` as its result.
   * @param task its key: `create`, `upload[2]`.
   * @throws {RatchetError} RT008 (no such task), RT013 (no such job), RT018 (it was scrubbed), RT019 (another job has its key),
   * RT023 (the task has ended).
   */
  skip(job: JobId<JobSource>, task: string, options?: TaskOrderOptions): Promise<OrderedJob>;

  /**
   * Says that the job's first unfinished task was done by hand: COMPLETED with this result, which later handlers read. The job
   * goes on at the next one at once, and no try is counted. A handler that runs it has its signal aborted within about a second.
   * @param task its key: `create`, `upload[2]`.
   * @param result plain data, stored as JSON; `undefined` for nothing.
   * @throws {RatchetError} as `skip`, and RT006 (the result is over 1 MiB), RT024 (a task before it has not ended), RT114 and RT116
   * (the result is no JSON, or Postgres cannot store it).
   */
  complete(job: JobId<JobSource>, task: string, result?: unknown, options?: TaskOrderOptions): Promise<OrderedJob>;

  /**
   * Adds what is still being added, ends all waiting and closes the connections; a pool that was given stays open. Safe to
   * call twice.
   */
  close(): Promise<void>;
}
