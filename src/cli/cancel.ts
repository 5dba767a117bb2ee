import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { cancelJob } from "../database/calls/orders.ts";
import type { CliContext } from "./context.ts";
import { withExamples } from "./examples.ts";
import { optionalJobIdsArgument } from "./jobIds.ts";
import { filterOf, isAboutMany, orderMany, withManyJobsOptions } from "./manyJobs.ts";
import { giveOrders } from "./orders.ts";

// A FAILED job that has ended is none that cancel_jobs looks at.
const UNFINISHED = ["PENDING", "RUNNING", "WAITING", "FAILED"] as const;

/** `ratchet cancel ID…`: stops jobs for good. */
export function createCancelCommand(context: CliContext): CommandUnknownOpts {
  const command = withManyJobsOptions(
    new Command("cancel")
      .summary("stop jobs for good")
      .description(
        "Stops jobs: no further task of theirs is started, and a handler that runs is told through its signal. What is finished stays finished. Noted in ratchet.audit.",
      )
      .addArgument(optionalJobIdsArgument())
      .option("--reason <text>", "why, kept in the job and in ratchet.audit")
      .option("--json", "print JSON: for each job id, status and explanation, or the error; with --all, the numbers"),
    "every unfinished job",
  ).action(async (given, { reason, json = false, ...many }) => {
    const ids = given ?? [];
    if (isAboutMany(ids, many)) {
      const filter = filterOf(many, UNFINISHED);
      await orderMany(context, {
        action: "cancel",
        filter,
        yes: many.yes === true,
        dryRun: many.dryRun === true,
        json,
        reason,
        done: "cancelled",
        question: (jobs) => `Cancel ${jobs}?`,
      });
    } else {
      await giveOrders(context, {
        purpose: "cancel",
        ids,
        json,
        question: many.yes === true ? undefined : (jobs) => `Cancel ${jobs}?`,
        give: (db, id) => cancelJob(db, id, reason),
      });
    }
  });
  return withExamples(command, context, [
    ["with the reason that people will see", "ratchet cancel 42 --reason 'sold elsewhere'"],
    ["how many jobs of a tenant have not ended", "ratchet cancel --all --tenant acme --dry-run"],
    ["cancel them", "ratchet cancel --all --tenant acme --yes"],
  ]);
}
