import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { retryJob } from "../database/calls/orders.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import type { CliContext } from "./context.ts";
import { withExamples } from "./examples.ts";
import { jobIdsArgument } from "./jobIds.ts";
import { giveOrders } from "./orders.ts";
import { suggestTaskKey } from "./suggestTaskKey.ts";

/** `ratchet retry ID…`: lets jobs go on. */
export function createRetryCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("retry")
    .summary("let FAILED or CANCELLED jobs go on")
    .description(
      "Lets jobs that are FAILED or CANCELLED go on at once, where they stopped and with all their tries. Finished tasks are not run again, unless --from-task says so. Noted in ratchet.audit.",
    )
    .addArgument(jobIdsArgument())
    .option("--from-task <key>", "run this task and all after it again, even COMPLETED ones")
    .option("--reason <text>", "why, for ratchet.audit")
    .option("--json", "print JSON: for each job id, status and explanation, or the error")
    .action(async (ids, { fromTask, reason, json = false }) => {
      const give = (db: Queryable, id: string) =>
        suggestTaskKey(db, { id, task: fromTask ?? "", templates: true }, () => retryJob(db, id, { fromTask, reason }));
      await giveOrders(context, { purpose: "retry", ids, json, give });
    });
  return withExamples(command, context, [
    ["the cause is mended: go on where it failed", "ratchet retry 42"],
    [
      "do the upload of the second image and all after it once more",
      "ratchet retry 42 --from-task 'upload[2]' --reason 'wrong image'",
    ],
    [
      "all that failed for good in the last day",
      "ratchet retry $(ratchet jobs --status FAILED --final --since '24 h' --ids)",
    ],
  ]);
}
