import { isDone, type ProgressTask } from "./progress/snapshot.ts";

/** A plan with more tasks is folded. */
const MOST_TASKS = 60;
const AT_EACH_END = 3;
const AROUND_PRESENT = 5;
/** Tasks shown because they did not simply go well. */
const MOST_REMARKABLE = 20;

/** Neighbours in a long plan that are counted instead of shown, `4990 COMPLETED`. */
export interface FoldedTasks {
  readonly summary: string;
}

/**
 * The tasks of a plan as a person wants to read them: of a long plan only its ends, those around the present one, and the
 * first ones that failed, took several tries or were not run. What lies between is counted.
 */
export function foldPlan(tasks: readonly ProgressTask[]): (ProgressTask | FoldedTasks)[] {
  if (tasks.length <= MOST_TASKS) {
    return [...tasks];
  }
  const present = tasks.findIndex((task) => !isDone(task));
  const remarkable = new Set(tasks.filter(isRemarkable).slice(0, MOST_REMARKABLE));
  const isShown = (task: ProgressTask, index: number): boolean =>
    index < AT_EACH_END ||
    index >= tasks.length - AT_EACH_END ||
    (present !== -1 && Math.abs(index - present) <= AROUND_PRESENT) ||
    remarkable.has(task);
  const folded: (ProgressTask | FoldedTasks)[] = [];
  let hidden: ProgressTask[] = [];
  for (const [index, task] of tasks.entries()) {
    if (isShown(task, index)) {
      folded.push(...fold(hidden), task);
      hidden = [];
    } else {
      hidden.push(task);
    }
  }
  return folded;
}

function isRemarkable({ status, attempts, errorMessage, startedAt }: ProgressTask): boolean {
  return (
    errorMessage !== null ||
    attempts > 1 ||
    status === "FAILED" ||
    status === "SKIPPED" ||
    (status === "CANCELLED" && startedAt !== null)
  );
}

/** A line for one task is as short as the one that counts it. */
function fold(hidden: readonly ProgressTask[]): (ProgressTask | FoldedTasks)[] {
  if (hidden.length <= 1) {
    return [...hidden];
  }
  const groups = Object.entries(Object.groupBy(hidden, ({ status }) => status));
  return [{ summary: groups.map(([status, of]) => `${of.length} ${status}`).join(", ") }];
}
