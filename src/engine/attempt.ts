import type { Claim, PlannedTask } from "../database/calls/claims.ts";

/** Why a worker lets go of a job that it does not fail. */
export class LetGo extends Error {
  override readonly name = "LetGo";
  /** `lost`: somebody raised the fence. Otherwise the job is handed back. */
  readonly kind: "lost" | "shutdown" | "plan changed";

  constructor(kind: LetGo["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** One claim being run by this process. */
export interface Attempt {
  readonly claim: Claim;
  /** Aborted when this process must stop running it; the reason is a {@link LetGo}. */
  readonly signal: AbortSignal;
  /** Until the job as a whole is to have ended, in ms; 0 and less if that time has passed, `null` without a limit. */
  readonly timeLeftMs: () => number | null;
  /** Aborts the signal; the first reason stays. */
  readonly letGo: (reason: LetGo) => void;
  /** The same, because a newer fence was seen. */
  readonly lose: () => void;
}

/** Begins to run a claim. */
export function createAttempt(claim: Claim): Attempt {
  // One of its own, aborted by whoever stops the worker: AbortSignal.any() of a common one costs 10 us a job and fills the heap.
  const order = new AbortController();
  const startedAt = performance.now();
  return {
    claim,
    signal: order.signal,
    timeLeftMs: () => (claim.timeoutInMs === null ? null : startedAt + claim.timeoutInMs - performance.now()),
    letGo: (reason) => {
      order.abort(reason);
    },
    lose: () => {
      order.abort(lostClaim());
    },
  };
}

/** Why an attempt whose fence is no longer the newest ends. */
export function lostClaim(): LetGo {
  return new LetGo("lost", "a newer claim or order stands on the task");
}

/** The fields that every event about a task carries. */
export function taskFields(
  { claim }: Attempt,
  task: PlannedTask,
): {
  jobId: string;
  identifier: string;
  task: string;
  position: number;
} {
  return { jobId: claim.jobId, identifier: claim.identifier, task: task.key, position: task.position };
}
