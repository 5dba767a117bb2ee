import { type JobSnapshot, explainJob, readJob } from "../database/calls/jobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { RatchetError } from "../errors/ratchetError.ts";

/** Runs of a job in which no further task ends; a test of so many retries in a row is not one that anybody meant. */
const MOST_IDLE_RUNS = 100;

/** Notices jobs that are run again and again and come no further. */
export interface StandstillGuard {
  /**
   * Counts a run of a job.
   * @throws {RatchetError} RT129 if it has come no further in the last 100.
   */
  count(jobId: string): Promise<void>;
}

/** Creates a guard for the jobs of one database. */
export function createStandstillGuard(db: Queryable): StandstillGuard {
  const jobs = new Map<string, { runs: number; endedTasks: number }>();

  return {
    async count(jobId) {
      const { runs, endedTasks } = jobs.get(jobId) ?? { runs: 0, endedTasks: 0 };
      if (runs < MOST_IDLE_RUNS) {
        jobs.set(jobId, { runs: runs + 1, endedTasks });
        return;
      }
      const endedNow = endedIn(await readJob(db, jobId));
      if (endedNow === endedTasks) {
        throw await standstill(db, jobId, `Job ${jobId} was run ${runs} times without coming further.`);
      }
      jobs.set(jobId, { runs: 1, endedTasks: endedNow });
    },
  };
}

/** The error of a job that will never end. */
export async function standstill(db: Queryable, jobId: string, message: string): Promise<RatchetError> {
  return new RatchetError("RT129", `${message} ${await explainJob(db, jobId)}`);
}

function endedIn(job: JobSnapshot | null): number {
  return job?.tasks.filter(({ status }) => status === "COMPLETED" || status === "SKIPPED").length ?? 0;
}
