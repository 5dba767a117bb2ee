import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { completeTask } from "../database/calls/orders.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import type { CliContext } from "./context.ts";
import { withExamples } from "./examples.ts";
import { giveOrders } from "./orders.ts";
import { oneLine } from "./output/text.ts";
import { suggestTaskKey } from "./suggestTaskKey.ts";
import { jobIdArgument, taskArgument } from "./taskArguments.ts";

/** `ratchet complete ID TASK`: says that a task was done by hand. */
export function createCompleteCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("complete")
    .summary("say that a task was done by hand")
    .description(
      "Makes a job's first unfinished task COMPLETED with a result that later handlers read, and lets the job go on at the next one at once. A handler that runs it is told through its signal, and no try is counted. Noted in ratchet.audit.",
    )
    .addArgument(jobIdArgument())
    .addArgument(taskArgument())
    .option("--result <json>", "what later handlers get as its result; without it, null")
    .option("--reason <text>", "why, for ratchet.audit")
    .option("--yes", "do not ask")
    .option("--json", "print JSON: job id, status and explanation, or the error, in a list")
    .action(async (jobId, task, { result, reason, yes, json = false }) => {
      const options = { result: result === undefined ? null : jsonText(result), reason };
      await giveOrders(context, {
        purpose: "complete",
        ids: [jobId],
        json,
        question: yes === true ? undefined : (jobs) => `Mark task "${oneLine(task)}" of ${jobs} as done?`,
        give: (db, id) => suggestTaskKey(db, { id, task, templates: false }, () => completeTask(db, id, task, options)),
      });
    });
  return withExamples(command, context, [
    [
      "the listing was created by hand: go on with its number",
      `ratchet complete 42 create --result '{"listing": 4711}' --reason 'created by hand'`,
    ],
  ]);
}

/** The text as it is, so that Postgres reads numbers with all their digits. */
function jsonText(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new RatchetError("RT110", `--result is not JSON: ${(error as Error).message}.`, {
      hint: `Write a text with quotes of its own, such as '"done"'; a shell needs '…' around it.`,
      cause: error,
    });
  }
}
