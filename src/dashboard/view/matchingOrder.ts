import type { CancelJobsInput, RetryJobsInput } from "../api/generated.ts";
import { type JobState, type JobView, createdAfterOf } from "./jobFilter.ts";

/** The two orders about many jobs. */
export type Order = "retry" | "cancel";

/** What either order takes. */
export type OrderInput = RetryJobsInput & CancelJobsInput;

/** States whose jobs an order is for, and the statuses that the order takes for them: it looks at no others anyway. */
const STATUSES: Readonly<Record<Order, Partial<Record<JobState, NonNullable<OrderInput["status"]>>>>> = {
  retry: { failed: ["FAILED"], cancelled: ["CANCELLED"] },
  cancel: {
    unfinished: ["PENDING", "RUNNING", "WAITING", "FAILED"],
    pending: ["PENDING"],
    running: ["RUNNING"],
    waiting: ["WAITING"],
    retrying: ["FAILED"],
  },
};

/**
 * The list's filter as an order takes it; null where the order has no such condition, or is for none of these jobs. Jobs that
 * are added after `nowMs` are not meant: nobody has seen or counted them.
 */
export function matchingInput(order: Order, view: JobView, nowMs: number): OrderInput | null {
  const statuses = view.states.map((state) => STATUSES[order][state]);
  const hasEnds = view.endedFrom !== null || view.endedTo !== null;
  if (statuses.length === 0 || statuses.includes(undefined) || (hasEnds && order === "cancel")) {
    return null;
  }
  const createdAfter = createdAfterOf(view, nowMs);
  return {
    status: [...new Set(statuses.flatMap((each) => each ?? []))],
    ...(view.identifier === "" ? {} : { identifier: view.identifier }),
    ...(view.tenant === "" ? {} : { tenant: view.tenant }),
    ...(view.text === "" ? {} : { search: view.text }),
    ...(createdAfter === null ? {} : { createdAfter }),
    createdBefore: view.addedTo ?? new Date(nowMs).toISOString(),
    ...(view.endedFrom === null ? {} : { finishedAfter: view.endedFrom }),
    ...(view.endedTo === null ? {} : { finishedBefore: view.endedTo }),
  };
}

/** Why the jobs that match cannot be ordered all at once, and how they could be. */
export const WHY_NOT_ALL =
  "To order all that match, choose states that one order is for: failed or cancelled jobs to retry, unfinished ones to cancel.";
