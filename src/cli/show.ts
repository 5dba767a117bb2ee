import { Argument, Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { explainJob, type JobSnapshot } from "../database/calls/jobs.ts";
import { type JobHistoryEntry, readJobHistory } from "../database/calls/jobHistory.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { jobId } from "./argumentParsers.ts";
import { asTyped } from "./asTyped.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { findJob } from "./findJob.ts";
import { untilInterrupted } from "./interruption.ts";
import { printProse } from "./output/prose.ts";
import { oneLine } from "./output/text.ts";
import { formatPlan } from "./plan.ts";
import { watchUntilFinal } from "./watchUntilFinal.ts";

/** A job that kills its workers, or is tried again by a script, has more. */
const MOST_HISTORY = 10;

/** `ratchet show ID`: one job, its plan and why it is where it is. */
export function createShowCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("show")
    .summary("show a job and its tasks")
    .description(
      "Prints a job's plan with statuses, tries, times and errors, the latest orders and deaths of workers, and one sentence on what happens next.",
    )
    .addArgument(new Argument("<id>", "the job's id").argParser(jobId))
    .option("--all", "print every task of a long plan, not only those that matter now")
    .option("--json", "print the job as JSON")
    .option("--watch", "follow the job live until it is final; exit status 0 only if it is COMPLETED")
    .action(async (id, { all = false, json = false, watch = false }) => {
      const config = await context.config();
      await untilInterrupted((signal) =>
        withDatabase({ config, purpose: "show", remark: context.remark }, async (database) => {
          await checkMigrated(database.pool);
          const job = await findJob(database.pool, id);
          if (watch) {
            await watchUntilFinal(context, database, job, { signal, resuming: true });
          }
          if (json || !watch) {
            const latest = watch ? await findJob(database.pool, id) : job;
            const history = json ? [] : await readJobHistory(database.pool, id, MOST_HISTORY);
            printJob(context, latest, { explanation: await explainJob(database.pool, id), history, all, json });
          }
        }),
      );
    });
  return withExamples(command, context, [
    ["the plan, and what happens next", "ratchet show 42"],
    ["the same for a program", "ratchet show 42 --json"],
  ]);
}

function printJob(
  context: CliContext,
  job: JobSnapshot,
  {
    explanation,
    history,
    all,
    json,
  }: {
    readonly explanation: string;
    readonly history: readonly JobHistoryEntry[];
    readonly all: boolean;
    readonly json: boolean;
  },
): void {
  if (json) {
    context.print(JSON.stringify({ ...job, explanation }, null, 2));
    return;
  }
  context.print(...formatPlan(context.stdout, job, all), "");
  for (const entry of history) {
    printProse(context, historySentence(entry));
  }
  if (history.length > 0) {
    context.print("");
  }
  printProse(context, asTyped(explanation, context.command));
}

/** `2026-11-24T09:00:00.000Z  skip_task "slow" by postgres: checked by phone`. */
function historySentence({ at, action, task, actor, reason }: JobHistoryEntry): string {
  const about = task === null ? "" : ` "${oneLine(task)}"`;
  const what = action === null ? `in${about}` : `${action}${about} by ${oneLine(actor ?? "")}`;
  return `${at.toISOString()}  ${what}${reason === null ? "" : `: ${oneLine(reason)}`}`;
}
