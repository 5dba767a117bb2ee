import { findGraphileJob, type GraphileJob } from "../../database/calls/diagnosis.ts";
import { explainJob } from "../../database/calls/jobs.ts";
import { checkMigrated } from "../../database/migrationState.ts";
import { schemasOf } from "../../database/schemaNames.ts";
import { RatchetError } from "../../errors/ratchetError.ts";
import { asTyped } from "../asTyped.ts";
import type { CliContext } from "../context.ts";
import type { CommandDatabase } from "../database.ts";
import { printProse } from "../output/prose.ts";
import { countOf, oneLine } from "../output/text.ts";

/**
 * Says which job of ours a graphile-worker job, by id or key, wakes up or became.
 *
 * @throws RatchetError RT013 if there is neither such a row nor a job that was adopted from it.
 */
export async function mapGraphileJob(
  context: CliContext,
  { pool }: CommandDatabase,
  idOrKey: string,
  json: boolean,
): Promise<void> {
  await checkMigrated(pool);
  const found = await findGraphileJob(pool, idOrKey);
  if (found === null) {
    throw new RatchetError("RT013", `graphile-worker has no job with the id or key "${oneLine(idOrKey)}".`, {
      hint: "It deletes a job's row when the job is done; a wake-up goes when its job has ended. Look for the job itself with: ratchet jobs",
    });
  }
  const explanation = found.jobId === null ? null : await explainJob(pool, found.jobId);
  if (json) {
    context.print(JSON.stringify({ ...found, explanation }, null, 2));
    return;
  }
  printProse(context, rowSentence(found));
  printProse(context, meaningOf(found, `${schemasOf(pool).ratchet}:`));
  if (explanation !== null) {
    printProse(context, asTyped(explanation, context.command));
  }
}

function rowSentence(job: GraphileJob): string {
  if (job.graphileJobId === null) {
    return "graphile-worker has deleted that row: it was worked off.";
  }
  const { identifier, key, attempts, maxAttempts, runAt, lockedAt, lastError } = job;
  const facts = [
    `graphile-worker job ${job.graphileJobId}, ${oneLine(identifier ?? "")}`,
    key === null ? "no key" : `key ${oneLine(key)}`,
    `${attempts} of ${countOf(maxAttempts ?? 0, "attempt")} used`,
    lockedAt === null ? `to run at ${runAt?.toISOString() ?? ""}` : `locked since ${lockedAt.toISOString()}`,
    ...(lastError === null ? [] : [`last error: ${oneLine(lastError)}`]),
  ];
  return `${facts.join("; ")}.`;
}

/** `keyPrefix`: of the wake-ups of this Ratchet. */
function meaningOf({ jobId, key, graphileJobId }: GraphileJob, keyPrefix: string): string {
  if (jobId === null) {
    return key?.startsWith(keyPrefix) === true
      ? "It would wake up a job that has been deleted."
      : "It is no job of Ratchet: a plain task of graphile-worker's, one that no worker has adopted yet, or a used-up wake-up.";
  }
  return graphileJobId !== null && key === `${keyPrefix}${jobId}`
    ? `It wakes up job ${jobId}.`
    : `It became job ${jobId}.`;
}
