import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { cancelJob } from "../database/calls/orders.ts";
import type { CliContext } from "./context.ts";
import { withExamples } from "./examples.ts";
import { jobIdsArgument } from "./jobIds.ts";
import { giveOrders } from "./orders.ts";

/** `ratchet cancel ID…`: stops jobs for good. */
export function createCancelCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("cancel")
    .summary("stop jobs for good")
    .description(
      "Stops jobs: no further task of theirs is started, and a handler that runs is told through its signal. What is finished stays finished. Noted in ratchet.audit.",
    )
    .addArgument(jobIdsArgument())
    .option("--reason <text>", "why, kept in the job and in ratchet.audit")
    .option("--json", "print JSON: for each job id, status and explanation, or the error")
    .action(async (ids, { reason, json = false }) => {
      await giveOrders(context, { purpose: "cancel", ids, json, give: (db, id) => cancelJob(db, id, reason) });
    });
  return withExamples(command, context, [
    ["with the reason that people will see", "ratchet cancel 42 --reason 'sold elsewhere'"],
    ["all unfinished jobs of a tenant", "ratchet cancel $(ratchet jobs --unfinished --tenant acme --limit 1000 --ids)"],
  ]);
}
