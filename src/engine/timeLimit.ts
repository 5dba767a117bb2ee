import type { Claim, PlannedTask } from "../database/calls/claims.ts";
import { TimeoutError } from "../errors/ratchetError.ts";
import type { Attempt } from "./attempt.ts";

/** How long a handler may run, and what its time-out is. */
export interface TimeLimit {
  /** From now. */
  readonly ms: number;
  readonly error: () => TimeoutError;
}

/**
 * The limit of one try that begins now: the task's own, or the job's, if that comes first.
 * @param timeoutMs the task's own; `null`: none.
 */
export function timeLimit(
  { claim, timeLeftMs }: Attempt,
  { name }: PlannedTask,
  timeoutMs: number | null,
): TimeLimit | null {
  const jobMs = timeLeftMs();
  if (jobMs !== null && (timeoutMs === null || jobMs <= timeoutMs)) {
    return { ms: jobMs, error: () => jobTimedOut(`"${name}" was stopped`, claim) };
  }
  return timeoutMs === null
    ? null
    : {
        ms: timeoutMs,
        error: () => new TimeoutError("RT119", `"${name}" took longer than its time-out of ${timeoutMs} ms.`),
      };
}

/** Begins no task of a job whose time has passed. @throws {TimeoutError} RT138 */
export function demandTime({ claim, timeLeftMs }: Attempt, { name }: PlannedTask): void {
  const jobMs = timeLeftMs();
  if (jobMs !== null && jobMs <= 0) {
    throw jobTimedOut(`"${name}" was not begun`, claim);
  }
}

/**
 * Waits for what a task needs before it can begin, no longer than its job has time.
 * @param wait is given a signal that ends the wait: it is aborted when the time has passed, too.
 * @throws {TimeoutError} RT138
 */
export async function withinTime<Value>(
  attempt: Attempt,
  task: PlannedTask,
  wait: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const leftMs = attempt.timeLeftMs();
  if (leftMs === null) {
    return wait(attempt.signal);
  }
  const late = new AbortController();
  const takeBack = setAlarm(leftMs, () => {
    late.abort(jobTimedOut(`"${task.name}" was not begun`, attempt.claim));
  });
  try {
    return await wait(AbortSignal.any([attempt.signal, late.signal]));
  } finally {
    takeBack();
  }
}

function jobTimedOut(what: string, { timeoutAt }: Claim): TimeoutError {
  return new TimeoutError(
    "RT138",
    `${what}: the time-out of the job as a whole passed at ${timeoutAt?.toISOString() ?? "an unknown time"}.`,
  );
}

// A timer with a longer delay fires at once (Node: TIMEOUT_MAX).
const LONGEST_TIMER_MS = 2_147_483_647;

/** Calls back after a time, however long, or at once if it has passed; returns how to take that back. */
export function setAlarm(ms: number, ring: () => void): () => void {
  let timer: NodeJS.Timeout;
  function wait(leftMs: number): void {
    timer =
      leftMs > LONGEST_TIMER_MS
        ? setTimeout(wait, LONGEST_TIMER_MS, leftMs - LONGEST_TIMER_MS)
        : setTimeout(ring, leftMs);
  }
  wait(Math.max(ms, 0));
  return () => {
    clearTimeout(timer);
  };
}
