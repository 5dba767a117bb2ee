import { readJob } from "../database/calls/jobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { advanceClock, msUntilNextJob, nextDueJob } from "../database/calls/testKit.ts";
import { createStandstillGuard, standstill } from "./standstill.ts";

/** What {@link createJobRunner} takes. */
export interface JobRunnerOptions {
  readonly db: Queryable;
  /** Runs a job as far as it goes now; resolves to whether it could be claimed. */
  readonly runJob: (jobId: string, identifier: string) => Promise<boolean>;
  /** Aborted when nothing further shall run. */
  readonly closing: AbortSignal;
}

/** Wakes jobs in the place of graphile-worker. */
export interface JobRunner {
  /** Runs everything that is due, one job after the other. */
  run(): Promise<void>;
  /** Runs what is due and sets the clock forward to whatever is due next, until this job has ended for good. */
  finish(jobId: string): Promise<void>;
}

/** Creates a runner that takes jobs in the order a single worker would. */
export function createJobRunner({ db, runJob, closing }: JobRunnerOptions): JobRunner {
  const guard = createStandstillGuard(db);

  async function run(): Promise<void> {
    const refused: string[] = [];
    while (!closing.aborted) {
      const due = await nextDueJob(db, refused);
      if (due === null) {
        return;
      }
      await guard.count(due.jobId);
      // Somebody else holds it, or it is of a definition that this bench has not.
      if (!(await runJob(due.jobId, due.identifier))) {
        refused.push(due.jobId);
      }
    }
  }

  async function finish(jobId: string): Promise<void> {
    while (!closing.aborted) {
      await run();
      const job = await readJob(db, jobId);
      if (job === null || job.finishedAt !== null) {
        return;
      }
      const waitMs = await msUntilNextJob(db);
      if (waitMs === null) {
        throw await standstill(db, jobId, `Nothing will run job ${jobId}.`);
      }
      await advanceClock(db, waitMs);
    }
  }

  return { run, finish };
}
