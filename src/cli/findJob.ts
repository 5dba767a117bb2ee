import { type JobSnapshot, readJob } from "../database/calls/jobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { RatchetError } from "../errors/ratchetError.ts";

/**
 * The job with its plan.
 *
 * @throws RatchetError RT013 if there is no such job.
 */
export async function findJob(db: Queryable, id: string): Promise<JobSnapshot> {
  const job = await readJob(db, id);
  if (job === null) {
    throw unknownJob(id);
  }
  return job;
}

/** RT013, with the command that lists the jobs there are. */
export function unknownJob(id: string): RatchetError {
  return new RatchetError("RT013", `There is no job ${id}.`, { hint: "See which there are with: ratchet jobs" });
}
