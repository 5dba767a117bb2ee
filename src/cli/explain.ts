import { Argument, Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { explainJob } from "../database/calls/jobs.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { jobId } from "./argumentParsers.ts";
import { asTyped } from "./asTyped.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { findJob } from "./findJob.ts";
import { printProse } from "./output/prose.ts";

/** `ratchet explain ID`: one sentence. */
export function createExplainCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("explain")
    .summary("say why a job is where it is")
    .description("Says in a sentence or two why a job is where it is, what happens next, and what you can do.")
    .addArgument(new Argument("<id>", "the job's id").argParser(jobId))
    .option("--json", "print JSON: id, status and explanation")
    .action(async (id, { json = false }) => {
      await withDatabase(
        { config: await context.config(), purpose: "explain", remark: context.remark },
        async ({ pool }) => {
          await checkMigrated(pool);
          const { status } = await findJob(pool, id);
          const explanation = asTyped(await explainJob(pool, id), context.command);
          if (json) {
            context.print(JSON.stringify({ id, status, explanation }, null, 2));
          } else {
            printProse(context, explanation);
          }
        },
      );
    });
  return withExamples(command, context, [["why does job 42 not run?", "ratchet explain 42"]]);
}
