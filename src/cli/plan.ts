import { foldPlan } from "./foldPlan.ts";
import { formatList } from "./output/list.ts";
import { oneLine } from "./output/text.ts";
import { formatSpan } from "./output/time.ts";
import { type ProgressSnapshot, taskSpanMs } from "./progress/snapshot.ts";

/**
 * A job's header and its tasks as a table that fits `stdout`; what is unknown or does not apply is left empty.
 * @param isWhole whether a long plan is shown task by task. Default: false.
 */
export function formatPlan(stdout: { readonly columns?: number }, job: ProgressSnapshot, isWhole = false): string[] {
  const facts = [
    `Job ${job.id}`,
    oneLine(job.identifier),
    job.status,
    job.nextAttemptAt === null ? "" : `next attempt ${job.nextAttemptAt.toISOString()}`,
    job.cancelReason === null ? "" : oneLine(job.cancelReason),
  ];
  const rows = (isWhole ? job.tasks : foldPlan(job.tasks)).map((task) => {
    if ("summary" in task) {
      return ["…", task.summary, "", "", "", ""];
    }
    const spanMs = taskSpanMs(task, job.now);
    return [
      String(task.position),
      task.name,
      task.status,
      String(task.attempts),
      spanMs === null ? "" : formatSpan(spanMs),
      // Its handler may have had its effect.
      task.errorMessage ?? (task.status === "CANCELLED" && task.startedAt !== null ? "had begun" : ""),
    ];
  });
  const columns = [
    { title: "#", align: "right" as const },
    { title: "task", cut: true },
    { title: "status" },
    { title: "tries", align: "right" as const },
    { title: "time", align: "right" as const },
    { title: "error", cut: true },
  ];
  return [facts.filter((each) => each !== "").join("  "), ...formatList(stdout, columns, rows)];
}
