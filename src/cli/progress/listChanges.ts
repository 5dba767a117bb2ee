import type { JobOverview } from "../../database/calls/jobList.ts";

/** What is new in a list of jobs. */
export interface ListChanges {
  /** Jobs that are new in it or have another state, oldest first. */
  readonly changed: readonly JobOverview[];
  /** Ids of jobs that match no longer, oldest first; those that newer ones pushed off the page are not among them. */
  readonly gone: readonly string[];
}

/** Compares a list of jobs, newest first, with the one before; `limit` is the most that it holds. */
export function listChanges(before: readonly JobOverview[], jobs: readonly JobOverview[], limit: number): ListChanges {
  const states = new Map(before.map((job) => [job.id, stateOf(job)]));
  const present = new Set(jobs.map(({ id }) => id));
  const oldest = jobs.length < limit ? 0n : BigInt(jobs.at(-1)?.id ?? 0);
  return {
    changed: jobs.filter((job) => states.get(job.id) !== stateOf(job)).toReversed(),
    gone: before
      .filter(({ id }) => !present.has(id) && BigInt(id) > oldest)
      .map(({ id }) => id)
      .toReversed(),
  };
}

/** A try that failed after another is news, though both leave the job FAILED. */
function stateOf({ status, nextAttemptAt }: JobOverview): string {
  return `${status} ${nextAttemptAt?.getTime() ?? ""}`;
}
