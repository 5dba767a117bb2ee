import type { ProgressSnapshot, ProgressTask } from "../../../src/cli/progress/snapshot.ts";

/** The moment all fixtures start from. */
const START = new Date("2026-11-23T12:00:00.000Z");

/** `START` plus so many milliseconds. */
export const after = (elapsedMs: number) => new Date(START.getTime() + elapsedMs);

/** A task of the sample job; PENDING unless said otherwise. */
export function task(position: number, name: string, given: Partial<ProgressTask> = {}): ProgressTask {
  return {
    position,
    name,
    status: "PENDING",
    attempts: 0,
    startedAt: null,
    completedAt: null,
    errorMessage: null,
    progress: null,
    ...given,
  };
}

/** A COMPLETED task that took 10 ms. */
export function completed(position: number, name: string, endedAfterMs: number, attempts = 1): ProgressTask {
  return task(position, name, {
    status: "COMPLETED",
    attempts,
    startedAt: after(endedAfterMs - 10),
    completedAt: after(endedAfterMs),
  });
}

/** A job with the given tasks; RUNNING unless said otherwise. */
export function job(tasks: readonly ProgressTask[], given: Partial<ProgressSnapshot> = {}): ProgressSnapshot {
  return {
    id: "7",
    identifier: "publish_listing",
    status: "RUNNING",
    createdAt: START,
    startedAt: START,
    finishedAt: null,
    nextAttemptAt: null,
    timeoutAt: null,
    cancelReason: null,
    now: START,
    tasks,
    ...given,
  };
}

const V = "Validate product";
const U1 = "Upload image 1/3";
const U2 = "Upload image 2/3";
const U3 = "Upload image 3/3";
const C = "Create listing";

/** The sample's life as a follower sees it: queued, failed at image 2, at it again, completed. */
export const SAMPLE = {
  queued: job(
    [V, U1, U2, U3, C].map((name, index) => task(index + 1, name)),
    { status: "PENDING", startedAt: null },
  ),
  failed: job(
    [
      completed(1, V, 20),
      completed(2, U1, 40),
      task(3, U2, {
        status: "FAILED",
        attempts: 1,
        startedAt: after(40),
        errorMessage: "PUT /listings/J/images/2: no answer\nfrom http://127.0.0.1:1 (read ECONNRESET)",
      }),
      task(4, U3),
      task(5, C),
    ],
    { status: "FAILED", nextAttemptAt: after(3060), now: after(60) },
  ),
  resumed: job(
    [
      completed(1, V, 20),
      completed(2, U1, 40),
      task(3, U2, { status: "RUNNING", attempts: 1, startedAt: after(3070), progress: 0.4 }),
      task(4, U3),
      task(5, C),
    ],
    { now: after(3270) },
  ),
  completed: job(
    [
      completed(1, V, 20),
      completed(2, U1, 40),
      completed(3, U2, 3300, 2),
      completed(4, U3, 3320),
      completed(5, C, 3340),
    ],
    { status: "COMPLETED", finishedAt: after(3340), now: after(3350) },
  ),
};
