import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { skipTask } from "../database/calls/orders.ts";
import type { CliContext } from "./context.ts";
import { withExamples } from "./examples.ts";
import { giveOrders } from "./orders.ts";
import { oneLine } from "./output/text.ts";
import { suggestTaskKey } from "./suggestTaskKey.ts";
import { jobIdArgument, taskArgument } from "./taskArguments.ts";

/** `ratchet skip ID TASK`: leaves a task out. */
export function createSkipCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("skip")
    .summary("leave a task out and let the job go on")
    .description(
      "Leaves a task out that is PENDING, RUNNING or FAILED, and lets the job go on at the next one at once. A handler that runs it is told through its signal. Later handlers get null as its result. Noted in ratchet.audit.",
    )
    .addArgument(jobIdArgument())
    .addArgument(taskArgument())
    .option("--reason <text>", "why, for ratchet.audit")
    .option("--yes", "do not ask")
    .option("--json", "print JSON: job id, status and explanation, or the error, in a list")
    .action(async (jobId, task, { reason, yes, json = false }) => {
      await giveOrders(context, {
        purpose: "skip",
        ids: [jobId],
        json,
        question: yes === true ? undefined : (jobs) => `Skip task "${oneLine(task)}" of ${jobs}?`,
        give: (db, id) => suggestTaskKey(db, { id, task, templates: false }, () => skipTask(db, id, task, reason)),
      });
    });
  return withExamples(command, context, [
    ["go on without the second image", "ratchet skip 42 'upload[2]' --reason 'the image is broken'"],
    ["leave a later task out before its turn", "ratchet skip 42 notify --reason 'the customer was called'"],
  ]);
}
