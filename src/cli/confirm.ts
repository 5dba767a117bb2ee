import type { Queryable } from "../database/calls/queryable.ts";
import type { CliContext } from "./context.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { findJob } from "./findJob.ts";
import { countOf, oneLine } from "./output/text.ts";
import { isDone } from "./progress/snapshot.ts";

/**
 * Asks whether to do what cannot be undone; if the answer is not yes, says that nothing was changed and sets the exit
 * status. True without a question if there is nobody to ask: an order that may go ahead then is not given by chance.
 */
export async function isConfirmed(
  context: Pick<CliContext, "ask" | "remark" | "exitWith">,
  question: string,
  signal?: AbortSignal,
): Promise<boolean> {
  if (context.ask === undefined) {
    return true;
  }
  const answer = await context.ask(`${question} [y/N] `, signal);
  if (/^y(?:es)?$/iv.test(answer?.trim() ?? "")) {
    return true;
  }
  context.remark("Nothing was changed.");
  context.exitWith(EXIT_CODES.usage.code);
  return false;
}

/**
 * `job 42 (publish_listing, RUNNING, 2 of 5 tasks done)`, or `3 jobs (42, 43, 44)`.
 *
 * @throws RatchetError RT013 if the one job does not exist: nobody is asked about nothing.
 */
export async function describeJobs(db: Queryable, ids: readonly string[]): Promise<string> {
  const [id = "", ...others] = new Set(ids);
  if (others.length > 0) {
    const named = [id, ...others].slice(0, MOST_NAMED).join(", ");
    return `${others.length + 1} jobs (${named}${others.length < MOST_NAMED ? "" : ", …"})`;
  }
  const job = await findJob(db, id);
  return `job ${id} (${oneLine(job.identifier)}, ${job.status}, ${job.tasks.filter(isDone).length} of ${countOf(job.tasks.length, "task")} done)`;
}

const MOST_NAMED = 10;
