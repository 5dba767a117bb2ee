import type { JobWorkers } from "../../database/calls/workers.ts";
import type { JobSnapshot, TaskSnapshot } from "../../database/calls/jobs.ts";

/** What the views need to know of a job. Times are the database's. */
export interface ProgressSnapshot extends Omit<JobSnapshot, "tenant" | "runAt" | "tasks"> {
  readonly tasks: readonly ProgressTask[];
  /** When it is COMPLETED if all goes as in earlier jobs; `null`: nobody knows. */
  readonly etaAt?: Date | null;
  /** Whether live workers have it or could take it; left out: nobody has looked. */
  readonly workers?: JobWorkers;
}

/** What the views need to know of a task; `attempts` counts the tries that ended. */
export type ProgressTask = Omit<TaskSnapshot, "key">;

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
