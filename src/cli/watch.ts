import { Argument, Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { checkMigrated } from "../database/migrationState.ts";
import { jobId } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { findJob } from "./findJob.ts";
import { untilInterrupted } from "./interruption.ts";
import { watchUntilFinal } from "./watchUntilFinal.ts";

/** `ratchet watch ID`: a job live. */
export function createWatchCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("watch")
    .summary("follow a job live")
    .description(
      "Follows a job until it is final. The exit status is 0 if it is COMPLETED, 6 if it ended FAILED or CANCELLED, 130 if Ctrl-C came first, which does not stop the job.",
    )
    .addArgument(new Argument("<id>", "the job's id").argParser(jobId))
    .action(async (id) => {
      const config = await context.config();
      await untilInterrupted((signal) =>
        withDatabase({ config, purpose: "watch", remark: context.remark }, async (database) => {
          await checkMigrated(database.pool);
          const job = await findJob(database.pool, id);
          await watchUntilFinal(context, database, job, { signal, resuming: true });
        }),
      );
    });
  return withExamples(command, context, [
    ["live in a terminal, line by line in a pipe", "ratchet watch 42"],
    ["go on only if the job was COMPLETED", "ratchet watch 42 && echo done"],
  ]);
}
