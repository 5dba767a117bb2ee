import { explainJob, type JobSnapshot } from "../database/calls/jobs.ts";
import { asTyped } from "./asTyped.ts";
import type { CliContext } from "./context.ts";
import type { CommandDatabase } from "./database.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { printProse } from "./output/prose.ts";
import { createJobSource } from "./progress/jobSource.ts";
import { isFinal } from "./progress/snapshot.ts";
import { watchJob, type WatchOptions } from "./progress/watchJob.ts";
import { explainStandstill } from "./standstill.ts";

/**
 * Shows the job live until it is final and sets the exit status by its end: 0 only if it is COMPLETED. Says why
 * when it stands still, what can be done when it ended otherwise, and how to look again when interrupted. Gives whether the job is COMPLETED.
 */
export async function watchUntilFinal(
  context: CliContext,
  database: CommandDatabase,
  job: Pick<JobSnapshot, "id" | "tenant">,
  options: Pick<WatchOptions, "signal" | "resuming" | "onFirst"> & { readonly bringsWorker?: boolean },
): Promise<boolean> {
  const latest = await watchJob(context, await createJobSource(database, job), {
    ...options,
    notice: async (snapshot, stillMs) => {
      const bringsWorker = options.bringsWorker === true;
      const notice = await explainStandstill(database.pool, snapshot, { stillMs, bringsWorker });
      return notice === undefined ? undefined : asTyped(notice, context.command);
    },
  });
  if (latest?.status === "COMPLETED") {
    return true;
  }
  const isEnded = latest !== null && isFinal(latest);
  if (isEnded) {
    printProse(context, asTyped(await explainJob(database.pool, job.id), context.command));
  } else if (options.bringsWorker !== true) {
    printProse(
      context,
      `No longer watching; job ${job.id} itself is not stopped by that. Look again with: ${context.command} show ${job.id} --watch`,
    );
  }
  context.exitWith((isEnded ? EXIT_CODES.jobNotCompleted : EXIT_CODES.interrupted).code);
  return false;
}
