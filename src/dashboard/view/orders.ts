/** What can be ordered about a job. */
export type JobOrder = "cancel" | "retry" | "reschedule";
/** What can be ordered about one of its tasks. */
export type TaskOrder = "retryFrom" | "skip" | "complete";

/** What {@link jobOrdersOf} and {@link taskOrdersOf} need of a job. */
export interface OrderedJob {
  readonly status: string;
  readonly isFinal: boolean;
  readonly scrubbedAt: string | null;
  readonly workerId: number | null;
  readonly finishedTaskCount: number;
  readonly currentTask: { readonly key: string } | null;
}

/** What {@link taskOrdersOf} needs of a task. */
export interface OrderedTask {
  readonly key: string;
  readonly position: number;
  readonly status: string;
}

/** The orders about the job that the database would take now. */
export function jobOrdersOf({ status, isFinal, scrubbedAt, workerId }: OrderedJob): JobOrder[] {
  const orders: JobOrder[] = [];
  if (scrubbedAt === null && (status === "FAILED" || status === "CANCELLED")) {
    orders.push("retry");
  }
  if (!isFinal && workerId === null) {
    orders.push("reschedule");
  }
  if (!isFinal) {
    orders.push("cancel");
  }
  return orders;
}

/** The orders about one task that the database would take now. A job that FAILED for good goes on after a task that is skipped. */
export function taskOrdersOf(job: OrderedJob, task: OrderedTask): TaskOrder[] {
  if (job.scrubbedAt !== null) {
    return [];
  }
  const orders: TaskOrder[] = [];
  // Tasks end in order, so the first that is left to run stands behind those that are finished.
  const isReached = job.status === "COMPLETED" || task.position <= job.finishedTaskCount + 1;
  if (["FAILED", "CANCELLED", "COMPLETED"].includes(job.status) && isReached) {
    orders.push("retryFrom");
  }
  if (["PENDING", "RUNNING", "FAILED"].includes(task.status)) {
    orders.push("skip");
    if (task.key === job.currentTask?.key) {
      orders.push("complete");
    }
  }
  return orders;
}
