import type { TroubleKind } from "../database/transientErrors.ts";

interface OfJob {
  readonly jobId: string;
  readonly identifier: string;
}

interface OfTask extends OfJob {
  /** Stable key, such as `upload[2]`. */
  readonly task: string;
  readonly position: number;
}

/** What Ratchet tells about itself; one sentence each. Payloads and results are never part of it. */
export interface RatchetEvents {
  /** A worker took a job. */
  readonly "job.claimed": OfJob & { readonly fence: number; readonly tasks: number; readonly finishedTasks: number };
  /** Every task of a job has ended. */
  readonly "job.completed": OfJob & { readonly durationMs: number };
  /** A worker gave a job back before its end; no try was counted. */
  readonly "job.handedBack": OfJob & { readonly reason: string };
  /** A claim was lost: somebody raised the fence, and what this worker writes changes nothing. */
  readonly "job.claimLost": OfJob & { readonly reason: string };
  /** A graphile-worker job that was added without Ratchet became a tracked job. */
  readonly "job.adopted": OfJob & { readonly graphileJobId: string };
  /** A handler begins. */
  readonly "task.started": OfTask & { readonly attempt: number };
  /** A finished task was not run again. */
  readonly "task.skipped": OfTask & { readonly status: string };
  /** A task's end is durable. `batch` names the commit. */
  readonly "task.completed": OfTask & { readonly attempt: number; readonly durationMs: number; readonly batch: string };
  /** A try failed, and that is durable. `retryInMs` is `null` if the job has failed for good. */
  readonly "task.failed": OfTask & {
    readonly attempt: number;
    readonly durationMs: number;
    readonly batch: string;
    readonly retryInMs: number | null;
    readonly errorName: string;
    readonly errorMessage: string;
    readonly errorCode: string | null;
    readonly errorStack: string | null;
  };
  /**
   * Postgres does not answer as it should; what needs it is repeated until it does. Told once, however many calls it meets,
   * and again only when it turns out to be of another kind. `call` is the first of them.
   */
  readonly "database.troubled": {
    readonly kind: TroubleKind;
    readonly call: string;
    readonly errorMessage: string;
    readonly errorCode: string | null;
    /** Whose locks may be in the way, where that is the trouble. */
    readonly heldBy?: readonly string[];
  };
  /** Every call that the trouble has met was answered. `kind` and `call` are those told last. */
  readonly "database.recovered": { readonly kind: TroubleKind; readonly call: string; readonly durationMs: number };
  /** The net found jobs that nothing would have woken, or whose status their tasks contradicted. */
  readonly "sweep.mended": { readonly woken: readonly string[]; readonly settled: readonly string[] };
  /** Finished jobs that are kept no longer were deleted. */
  readonly "jobs.pruned": { readonly jobs: number };
  /** graphile-worker's runner ended by itself and is started again. */
  readonly "runner.restarted": { readonly reason: string };
  /** A worker is ready. */
  readonly "worker.started": { readonly workerId: number; readonly identifiers: readonly string[] };
  /** A worker was asked to stop: its running tasks may end within the grace. */
  readonly "worker.stopping": { readonly workerId: number; readonly graceMs: number };
  /**
   * A worker has stopped. `handedBack` counts the jobs it still held, without those told as `job.handedBack`; `null`: Postgres
   * did not answer, and other workers take over what it held when they find it dead.
   */
  readonly "worker.stopped": { readonly workerId: number; readonly handedBack: number | null };
  /** A worker took over from another one that had died; `jobs`: how many of its jobs go on now. */
  readonly "worker.rescued": { readonly workerId: number; readonly deadWorkerId: number; readonly jobs: number };
  /** Others took a worker for dead that is not; it has dropped its claims and goes on. */
  readonly "worker.buried": { readonly workerId: number; readonly claims: number };
  /** The thread that gives a worker's signs of life ended by itself, and is started again at once. */
  readonly "worker.pulseCrashed": { readonly workerId: number; readonly errorMessage: string };
}

/** The name of an event. */
export type RatchetEventName = keyof RatchetEvents;

type Listener<Name extends RatchetEventName> = (event: RatchetEvents[Name]) => void;

/** Where events are told and heard. */
export interface EventHub {
  /** Tells an event. A listener that throws harms nobody. */
  emit<Name extends RatchetEventName>(name: Name, event: RatchetEvents[Name]): void;
  /** Hears an event; the returned function ends that. */
  on<Name extends RatchetEventName>(name: Name, listener: Listener<Name>): () => void;
}

/**
 * Creates a hub.
 * @param onListenerError is told what a listener threw.
 */
export function createEventHub(onListenerError: (error: unknown, name: RatchetEventName) => void): EventHub {
  // Each list is replaced, never changed, so that a listener may end itself while an event is told.
  const listeners = new Map<RatchetEventName, readonly ((event: never) => void)[]>();
  return {
    emit(name, event) {
      const ofName = (listeners.get(name) ?? []) as readonly ((told: typeof event) => void)[];
      for (const listener of ofName) {
        try {
          listener(event);
        } catch (error) {
          onListenerError(error, name);
        }
      }
    },
    on(name, listener) {
      listeners.set(name, [...new Set(listeners.get(name)).add(listener)]);
      return () => {
        listeners.set(name, listeners.get(name)?.filter((each) => each !== listener) ?? []);
      };
    },
  };
}
