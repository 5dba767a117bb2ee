import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { rescheduleJob } from "../database/calls/orders.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { timeOrDelay, wholeNumber } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { withExamples } from "./examples.ts";
import { jobIdsArgument } from "./jobIds.ts";
import { giveOrders } from "./orders.ts";

const LOWEST_PRIORITY = -32_768;
const HIGHEST_PRIORITY = 32_767;

/** `ratchet reschedule ID…`: gives jobs another time or priority. */
export function createRescheduleCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("reschedule")
    .summary("give jobs another time or priority")
    .description(
      "Gives jobs that no worker has another time to run at, or another priority. Of a FAILED job it is the time of the next try. Noted in ratchet.audit.",
    )
    .addArgument(jobIdsArgument())
    .option(
      "--run-at <time>",
      'not before this time (2026-11-24T09:00) or delay ("5 min"); "0 s" is at once',
      timeOrDelay,
    )
    .option("--priority <n>", "smaller numbers run earlier; 0 is usual", wholeNumber(LOWEST_PRIORITY, HIGHEST_PRIORITY))
    .option("--reason <text>", "why, for ratchet.audit")
    .option("--json", "print JSON: for each job id, status and explanation, or the error")
    .action(async (ids, { runAt, priority, reason, json = false }) => {
      if (runAt === undefined && priority === undefined) {
        throw new RatchetError("RT110", "Neither --run-at nor --priority is given.", {
          hint: `Say when, such as --run-at "5 min", or how urgent, such as --priority -1.`,
        });
      }
      await giveOrders(context, {
        purpose: "reschedule",
        ids,
        json,
        give: (db, id) => rescheduleJob(db, id, { runAt, priority, reason }),
      });
    });
  return withExamples(command, context, [
    ["not before tomorrow morning", "ratchet reschedule 42 --run-at 2026-11-24T09:00"],
    ["the next try at once, before all others", "ratchet reschedule 42 --run-at '0 s' --priority -10"],
    [
      "all that waits of one tenant, after the others",
      "ratchet reschedule $(ratchet jobs --unfinished --tenant acme --ids) --priority 10",
    ],
  ]);
}
