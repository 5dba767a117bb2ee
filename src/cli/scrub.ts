import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { scrubJob } from "../database/calls/orders.ts";
import type { CliContext } from "./context.ts";
import { withExamples } from "./examples.ts";
import { jobIdsArgument } from "./jobIds.ts";
import { giveOrders } from "./orders.ts";

/** `ratchet scrub ID…`: forgets what jobs were about. */
export function createScrubCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("scrub")
    .summary("remove payloads, results and error texts")
    .description(
      "Takes payload, inputs, results and error texts out of finished jobs, for good; statuses and times stay. A scrubbed job cannot be tried again. Noted in ratchet.audit.",
    )
    .addArgument(jobIdsArgument())
    .option("--reason <text>", "why, for ratchet.audit")
    .option("--yes", "do not ask")
    .option("--json", "print JSON: for each job id, status and explanation, or the error")
    .action(async (ids, { reason, yes, json = false }) => {
      await giveOrders(context, {
        purpose: "scrub",
        ids,
        json,
        question: yes === true ? undefined : asked,
        give: (db, id) => scrubJob(db, id, reason),
      });
    });
  return withExamples(command, context, [
    ["a customer asks to be forgotten", "ratchet scrub 42 --reason 'request of 23 November'"],
  ]);
}

const asked = (jobs: string): string => `Remove payload, results and error texts of ${jobs} for good?`;
