import type { JobSnapshot } from "../database/calls/jobs.ts";
import { countLiveWorkers } from "../database/calls/workers.ts";
import type { CliContext } from "./context.ts";
import type { CommandDatabase } from "./database.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { createJobSource } from "./progress/jobSource.ts";
import { isFinal } from "./progress/snapshot.ts";
import { watchJob, type WatchOptions } from "./progress/watchJob.ts";

/** What is said while nobody is there to run a job. */
const NO_WORKER_NOTICE = "no worker is running: start one with `ratchet up` or `ratchet worker`";

/**
 * Shows the job live until it is final and sets the exit status by its end: 0 only if it is COMPLETED. Says so when no
 * worker is there to run it. Gives whether the job is COMPLETED.
 */
export async function watchUntilFinal(
  context: CliContext,
  database: CommandDatabase,
  job: Pick<JobSnapshot, "id" | "tenant">,
  options: Pick<WatchOptions, "signal" | "resuming" | "onFirst"> & { readonly bringsWorker?: boolean },
): Promise<boolean> {
  const latest = await watchJob(context, await createJobSource(database, job), {
    ...options,
    notice: async (snapshot) => {
      const isMoving = isFinal(snapshot) || snapshot.status === "RUNNING" || options.bringsWorker === true;
      return isMoving || (await countLiveWorkers(database.pool)) > 0 ? undefined : NO_WORKER_NOTICE;
    },
  });
  if (latest?.status === "COMPLETED") {
    return true;
  }
  const isEnded = latest !== null && isFinal(latest);
  context.exitWith((isEnded ? EXIT_CODES.jobNotCompleted : EXIT_CODES.interrupted).code);
  return false;
}
