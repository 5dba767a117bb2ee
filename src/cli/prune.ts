import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { countPrunableJobs, pruneJobs } from "../database/calls/orders.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { isConfirmed } from "./confirm.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { untilInterrupted } from "./interruption.ts";
import { formatList } from "./output/list.ts";
import { countOf } from "./output/text.ts";

/** Jobs deleted in one commit: few enough that nobody waits for it. */
const SLICE = 1_000;

/** `ratchet prune`: deletes finished jobs whose time is over. */
export function createPruneCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("prune")
    .summary("delete finished jobs that are kept no longer")
    .description(
      "Deletes finished jobs, with their tasks and failures, once the time that their definition keeps them is over: 30 days for COMPLETED, 90 days for FAILED and CANCELLED unless it says otherwise. A worker does the same by itself from time to time.",
    )
    .option("--dry-run", "only say which would be deleted")
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action(async ({ dryRun = false, yes, json = false }) => {
      const config = await context.config();
      await untilInterrupted((signal) =>
        withDatabase({ config, purpose: "prune", remark: context.remark }, async ({ pool }) => {
          await checkMigrated(pool);
          if (dryRun) {
            await tell(context, pool, json);
            return;
          }
          if (yes !== true && context.ask !== undefined) {
            const found = await countPrunableJobs(pool);
            const total = found.reduce((sum, { jobs }) => sum + jobs, 0);
            if (total > 0 && !(await isConfirmed(context, `Delete ${countOf(total, "job")}?`, signal))) {
              return;
            }
          }
          const deleted = await pruneAll(pool, signal);
          context.print(json ? JSON.stringify({ deleted }) : `Deleted ${countOf(deleted, "job")}.`);
          if (signal.aborted) {
            context.exitWith(EXIT_CODES.interrupted.code);
          }
        }),
      );
    });
  return withExamples(command, context, [
    ["what would go", "ratchet prune --dry-run"],
    ["delete it, a thousand jobs a commit", "ratchet prune"],
  ]);
}

async function pruneAll(db: Queryable, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  while (!signal.aborted) {
    const count = await pruneJobs(db, SLICE);
    deleted += count;
    // Fewer than a slice can mean that somebody holds some; those are left to the next time.
    if (count < SLICE) {
      break;
    }
  }
  return deleted;
}

async function tell(context: CliContext, db: Queryable, json: boolean): Promise<void> {
  const found = await countPrunableJobs(db);
  if (json) {
    context.print(JSON.stringify(found, null, 2));
    return;
  }
  const total = found.reduce((sum, { jobs }) => sum + jobs, 0);
  if (total > 0) {
    const columns = [
      { title: "identifier", cut: true },
      { title: "status" },
      { title: "jobs", align: "right" as const },
    ];
    const rows = found.map(({ identifier, status, jobs }) => [identifier, status, String(jobs)]);
    context.print(...formatList(context.stdout, columns, rows), "");
  }
  context.print(`${countOf(total, "job")} would be deleted.`);
}
