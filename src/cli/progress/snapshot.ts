/** What the views need to know of a job; what `readJob` gives has all of it. Times are the database's. */
export interface ProgressSnapshot {
  readonly id: string;
  readonly identifier: string;
  readonly status: JobStatus;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly nextAttemptAt: Date | null;
  readonly cancelReason: string | null;
  /** The database's clock when this was read. */
  readonly now: Date;
  readonly tasks: readonly ProgressTask[];
}

/** One task of a {@link ProgressSnapshot}. */
export interface ProgressTask {
  /** From 1. */
  readonly position: number;
  readonly name: string;
  readonly status: TaskStatus;
  /** Tries that ended and counted. */
  readonly attempts: number;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly errorMessage: string | null;
  /** What the running handler reported, 0 to 1. */
  readonly progress: number | null;
}

export type JobStatus = "PENDING" | "RUNNING" | "WAITING" | "COMPLETED" | "FAILED" | "CANCELLED";
export type TaskStatus = JobStatus | "SKIPPED";

/** Whether nothing will happen to the job any more by itself. */
export function isFinal(snapshot: ProgressSnapshot): boolean {
  return snapshot.finishedAt !== null;
}

/** Whether a task has ended well, so that no later run of the job touches it. */
export function isDone(task: ProgressTask): boolean {
  return task.status === "COMPLETED" || task.status === "SKIPPED";
}

/** The time a task took or has taken so far, in milliseconds; null if it has not begun. */
export function taskSpanMs(task: ProgressTask, now: Date): number | null {
  if (task.startedAt === null || task.status === "PENDING") {
    return null;
  }
  if (task.status === "RUNNING") {
    return now.getTime() - task.startedAt.getTime();
  }
  return task.completedAt === null ? null : task.completedAt.getTime() - task.startedAt.getTime();
}

/** Which try a task is in or ended with, from 1; 0 if it has not begun. */
export function taskTry(task: ProgressTask): number {
  return task.status === "RUNNING" ? task.attempts + 1 : task.attempts;
}
