import { formatTable } from "./output/table.ts";
import { oneLine } from "./output/text.ts";
import { formatSpan } from "./output/time.ts";
import { type ProgressSnapshot, taskSpanMs } from "./progress/snapshot.ts";

/** A job's header and its tasks as a table; what is unknown or does not apply is left empty. */
export function formatPlan(job: ProgressSnapshot): string[] {
  const facts = [
    `Job ${job.id}`,
    oneLine(job.identifier),
    job.status,
    job.nextAttemptAt === null ? "" : `next attempt ${job.nextAttemptAt.toISOString()}`,
    job.cancelReason === null ? "" : oneLine(job.cancelReason),
  ];
  const rows = job.tasks.map((task) => {
    const spanMs = taskSpanMs(task, job.now);
    return [
      String(task.position),
      oneLine(task.name),
      task.status,
      String(task.attempts),
      spanMs === null ? "" : formatSpan(spanMs),
      task.errorMessage === null ? "" : oneLine(task.errorMessage),
    ];
  });
  const columns = [
    { title: "#", align: "right" as const },
    { title: "task" },
    { title: "status" },
    { title: "tries", align: "right" as const },
    { title: "time", align: "right" as const },
    { title: "error" },
  ];
  return [facts.filter((each) => each !== "").join("  "), ...formatTable(columns, rows)];
}
