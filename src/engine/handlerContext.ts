import type { Claim } from "../database/calls/claims.ts";
import type {
  TaskContext,
  TaskContextJob,
  TaskContextTask,
  TaskLog,
  TransactionContext,
} from "../definition/taskContext.ts";

/** A context of whatever types the definition inferred. */
export type AnyTaskContext = TaskContext<unknown, unknown, Record<string, unknown>> & Partial<TransactionContext>;

/** What {@link HandlerContext} is made of. */
export interface HandlerContextSource {
  readonly claim: Claim;
  readonly task: TaskContextTask;
  readonly payload: unknown;
  readonly input: unknown;
  readonly results: () => Record<string, Promise<unknown>>;
  readonly signal: () => AbortSignal;
  readonly log: () => TaskLog;
  readonly progress: (fraction: number) => void;
}

// No private member: what is read through a proxy, or from an object that inherits from the context, must be found as well.
const SOURCE = Symbol("source");

/**
 * What one handler gets. Most handlers read two or three of its properties, so the dear ones are made when they are first
 * read. They are its own properties all the same: a handler may copy them with `{ ...context }`.
 */
export class HandlerContext implements AnyTaskContext {
  readonly payload: unknown;
  readonly input: unknown;
  readonly job: TaskContextJob;
  readonly task: TaskContextTask;
  readonly progress: (fraction: number) => void;
  declare readonly results: Record<string, Promise<unknown>>;
  declare readonly signal: AbortSignal;
  declare readonly log: TaskLog;
  declare readonly idempotencyKey: string;
  declare readonly [SOURCE]: HandlerContextSource;

  constructor(source: HandlerContextSource) {
    const { claim, task, payload, input, progress } = source;
    this.payload = payload;
    this.input = input;
    this.job = { id: claim.jobId, identifier: claim.identifier, tenant: claim.tenant };
    this.task = task;
    this.progress = progress;
    Object.defineProperty(this, SOURCE, { value: source });
    Object.defineProperty(this, "results", LATE_RESULTS);
    Object.defineProperty(this, "signal", LATE_SIGNAL);
    Object.defineProperty(this, "log", LATE_LOG);
    Object.defineProperty(this, "idempotencyKey", LATE_IDEMPOTENCY_KEY);
  }
}

// Descriptors that all contexts share take a third of the time of getters in an object literal, which V8 makes anew each time.
const LATE_RESULTS = whenRead("results", ({ results }) => results());
const LATE_SIGNAL = whenRead("signal", ({ signal }) => signal());
const LATE_LOG = whenRead("log", ({ log }) => log());
const LATE_IDEMPOTENCY_KEY = whenRead("idempotencyKey", idempotencyKey);

/** A property that is made when it is first read. */
function whenRead(name: keyof AnyTaskContext, make: (source: HandlerContextSource) => unknown): PropertyDescriptor {
  return {
    enumerable: true,
    configurable: true,
    get(this: HandlerContext) {
      const value = make(this[SOURCE]);
      Object.defineProperty(this, name, { value, enumerable: true });
      return value;
    },
  };
}

/** The time is part of it, because another database of the same user has a job of the same number. */
function idempotencyKey({ claim, task }: HandlerContextSource): string {
  return `ratchet-${claim.createdAt.getTime().toString(36)}-${claim.jobId}-${task.key}`;
}
