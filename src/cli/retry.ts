import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import { retryJob } from "../database/calls/orders.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { timeOrAge } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { withExamples } from "./examples.ts";
import { optionalJobIdsArgument } from "./jobIds.ts";
import { filterOf, isAboutMany, orderMany, withManyJobsOptions } from "./manyJobs.ts";
import { giveOrders } from "./orders.ts";
import { suggestTaskKey } from "./suggestTaskKey.ts";

/** `ratchet retry ID…`: lets jobs go on. */
export function createRetryCommand(context: CliContext): CommandUnknownOpts {
  const command = withManyJobsOptions(
    new Command("retry")
      .summary("let FAILED or CANCELLED jobs go on")
      .description(
        "Lets jobs that are FAILED or CANCELLED go on at once, where they stopped and with all their tries. Finished tasks are not run again, unless --from-task says so. Noted in ratchet.audit.",
      )
      .addArgument(optionalJobIdsArgument())
      .addOption(
        new Option("--from-task <key>", "run this task and all after it again, even COMPLETED ones").conflicts("all"),
      )
      .option("--reason <text>", "why, for ratchet.audit")
      .option("--json", "print JSON: for each job id, status and explanation, or the error; with --all, the numbers"),
    "every job that has FAILED for good",
  )
    .addOption(
      new Option("--ended-since <time>", "with --all: ended at this time or later, or so long ago at most").argParser(
        timeOrAge,
      ),
    )
    .action(async (given, { fromTask, reason, json = false, endedSince, ...many }) => {
      const ids = given ?? [];
      if (isAboutMany(ids, { ...many, endedSince })) {
        const filter = { ...filterOf(many, ["FAILED"]), finishedAfter: endedSince };
        await orderMany(context, {
          action: "retry",
          filter,
          yes: many.yes === true,
          dryRun: many.dryRun === true,
          question: (jobs) => `Try ${jobs} again?`,
          json,
          reason,
          done: "tried again",
        });
        return;
      }
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
      "how many of a definition failed for good in the last day",
      "ratchet retry --all --identifier publish_listing --ended-since '24 h' --dry-run",
    ],
    ["try them again", "ratchet retry --all --identifier publish_listing --ended-since '24 h' --yes"],
  ]);
}
