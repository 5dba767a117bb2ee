import { countOf, oneLine, pad, textWidth } from "../output/text.ts";
import { formatClock, formatDelay, formatSpan } from "../output/time.ts";
import type { Change } from "./history.ts";
import { isDone, type ProgressSnapshot, type ProgressTask, taskSpanMs, taskTry } from "./snapshot.ts";

const MANY_TASKS = 20;
const WIDEST_NAME = 40;

/** The lines that tell a change where nothing can be redrawn, each with the time it happened. */
export function plainLines(change: Change, snapshot: ProgressSnapshot): string[] {
  const total = snapshot.tasks.length;
  const width = Math.min(WIDEST_NAME, Math.max(0, ...snapshot.tasks.map((task) => textWidth(oneLine(task.name)))));
  const label = (task: ProgressTask) =>
    `[${pad(String(task.position), String(total).length, "right")}/${total}] ${pad(oneLine(task.name), width)}`;
  const now = formatClock(snapshot.now);

  switch (change.kind) {
    case "queued": {
      const done = snapshot.tasks.filter(isDone).length;
      const already = done === 0 ? "" : `, ${done} done already`;
      return [
        `${now} Job ${snapshot.id}, ${oneLine(snapshot.identifier)}: ${snapshot.status}, ${countOf(total, "task")}${already}`,
      ];
    }
    case "resumed": {
      const at = formatClock(change.at);
      return change.skipped.length > MANY_TASKS
        ? [`${at} ${change.skipped.length} tasks skipped: already COMPLETED`]
        : change.skipped.map((task) => `${at} ${label(task)}  skipped: already ${task.status}${endOf(task)}`);
    }
    case "task":
      return [`${formatClock(timeOf(change.task, snapshot))} ${label(change.task)}  ${stateOf(change.task, snapshot)}`];
    case "retry":
      return [`${now} retry in ${formatDelay(change.delayMs)}`];
    case "ended":
      return [`${formatClock(snapshot.finishedAt ?? snapshot.now)} ${endSentence(snapshot)}`];
  }
}

/** `Job 1 COMPLETED in 3.21 s`, with the reason of a cancellation. */
export function endSentence(snapshot: ProgressSnapshot): string {
  const span =
    snapshot.startedAt === null || snapshot.finishedAt === null
      ? ""
      : ` in ${formatSpan(snapshot.finishedAt.getTime() - snapshot.startedAt.getTime())}`;
  const reason = snapshot.cancelReason === null ? "" : ` (${oneLine(snapshot.cancelReason)})`;
  return `Job ${snapshot.id} ${snapshot.status}${span}${reason}`;
}

function stateOf(task: ProgressTask, snapshot: ProgressSnapshot): string {
  const spanMs = task.status === "RUNNING" ? null : taskSpanMs(task, snapshot.now);
  const parts = [
    spanMs === null ? task.status : pad(task.status, "COMPLETED".length),
    spanMs === null ? "" : formatSpan(spanMs),
    taskTry(task) > 1 ? `try ${taskTry(task)}` : "",
    task.status === "FAILED" && task.errorMessage !== null ? oneLine(task.errorMessage) : "",
  ];
  return parts.filter((part) => part !== "").join("  ");
}

function endOf(task: ProgressTask): string {
  return task.completedAt === null ? "" : ` at ${formatClock(task.completedAt)}`;
}

function timeOf(task: ProgressTask, snapshot: ProgressSnapshot): Date {
  return (task.status === "RUNNING" ? task.startedAt : task.completedAt) ?? snapshot.now;
}
