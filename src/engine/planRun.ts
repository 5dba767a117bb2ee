import type { PlannedTask, TaskStatus } from "../database/calls/claims.ts";
import { type Attempt, LetGo, taskFields } from "./attempt.ts";
import type { EngineSession } from "./session.ts";
import { type TaskCode, type TaskRunEnd, runTask } from "./taskRun.ts";
import type { ResultStore } from "./results.ts";

/** Whether a task is left alone because it has ended for good. */
export function isSkipped({ status }: { readonly status: TaskStatus }): boolean {
  return status === "COMPLETED" || status === "SKIPPED" || status === "CANCELLED";
}

/** What {@link runPlan} takes besides the session. */
export interface PlanRunOptions {
  readonly attempt: Attempt;
  /** Finds the handler of a task and what it works on; what it throws fails the task. */
  readonly findCode: (task: PlannedTask) => TaskCode | Promise<TaskCode>;
  readonly results: ResultStore;
  /** Whether the worker is stopping, so that no further task shall begin. */
  readonly isStopping: () => boolean;
  /** Called when a try of a task has ended and that is durable. */
  readonly onTaskEnd?: (() => void) | undefined;
}

/**
 * Runs a claimed job from its first unfinished task to its end or first failure: the one loop that every job goes through.
 * @returns whether the job is COMPLETED.
 * @throws {LetGo} if the job was lost or is to be handed back.
 */
export async function runPlan(
  session: EngineSession,
  { attempt, findCode, results, isStopping, onTaskEnd }: PlanRunOptions,
): Promise<boolean> {
  const startedAt = performance.now();
  const { claim } = attempt;
  const { jobId, identifier, fence, plan } = claim;
  const finishedTasks = plan.filter(({ position }) => position < claim.firstPosition).length;
  session.events.emit("job.claimed", { jobId, identifier, fence, tasks: plan.length, finishedTasks });
  for (const task of plan) {
    if (isSkipped(task)) {
      session.events.emit("task.skipped", { ...taskFields(attempt, task), status: task.status });
      continue;
    }
    attempt.signal.throwIfAborted();
    if (isStopping()) {
      throw new LetGo("shutdown", "the worker is stopping");
    }
    const end: TaskRunEnd = await runTask(session, attempt, task, findCode);
    onTaskEnd?.();
    if (!end.success) {
      return false;
    }
    results.remember(task, end.resultText);
    if (end.stop) {
      throw new LetGo("plan changed", "the plan was changed meanwhile");
    }
  }
  const durationMs = performance.now() - startedAt;
  session.events.emit("job.completed", { jobId, identifier, durationMs });
  return true;
}
