import type { ClientBase } from "pg";

/** One log method: a text, or fields and a text. */
export interface TaskLogMethod {
  (message: string): void;
  (fields: object, message?: string): void;
}

/** Where a handler logs; lines carry `jobId`, `task` and `attempt`. A pino logger fits. */
export interface TaskLog {
  readonly debug: TaskLogMethod;
  readonly info: TaskLogMethod;
  readonly warn: TaskLogMethod;
  readonly error: TaskLogMethod;
}

/** What every handler gets. */
export interface TaskContext<Payload, Input, Results> {
  /** The job's payload as the definition's schema gave it back; without a schema, as it was queued. */
  readonly payload: Payload;
  /** forEach: the element this task is for, from the validated payload. Otherwise `undefined`. */
  readonly input: Input;
  /**
   * Results of the templates before this one, each a promise because it is loaded when read: of `.task` what its handler
   * returned, of `.forEach` an array of that in the order of the tasks, always as JSON gives it back.
   */
  readonly results: { readonly [Key in keyof Results]: Promise<Results[Key]> };
  readonly job: TaskContextJob;
  readonly task: TaskContextTask;
  /**
   * Aborted on an order (cancel, skip …), time-out, lost claim and shutdown: pass it on to whatever takes a signal. Its reason is a
   * `TimeoutError` of code RT119 (the task's time-out) or RT138 (the job's), or a `LetGo` of kind `lost` or `shutdown`.
   */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  /** The same in every try of this task, and no other task's: for services that recognise a repeated request. */
  readonly idempotencyKey: string;
  /** Reports how much of the task is done, from 0 to 1. Never waits; frequent calls are joined. */
  readonly progress: (fraction: number) => void;
}

/** The job a handler runs for. */
export interface TaskContextJob {
  /** Decimal digits; compare for equality only. */
  readonly id: string;
  readonly identifier: string;
  readonly tenant: string;
}

/** The task a handler runs. */
export interface TaskContextTask {
  /** Place in the plan, from 1. */
  readonly position: number;
  /** Stable, such as `validate` or `upload[2]`. */
  readonly key: string;
  /** For people, such as `Upload image 2/3`. */
  readonly name: string;
  /** Number of this try, from 1. */
  readonly attempt: number;
}

/** A pg client inside the transaction that also writes the task's end; committing and rolling back is Ratchet's. */
export type TransactionClient = Pick<ClientBase, "query">;

/** What a handler gets in addition with `{ transaction: true }`. */
export interface TransactionContext {
  readonly client: TransactionClient;
}
