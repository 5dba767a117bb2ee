import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import { createCancelCommand } from "./cancel.ts";
import { createCompleteCommand } from "./complete.ts";
import type { CliContext } from "./context.ts";
import { createRescheduleCommand } from "./reschedule.ts";
import { createRetryCommand } from "./retry.ts";
import { createScrubCommand } from "./scrub.ts";
import { createSkipCommand } from "./skip.ts";

/** The commands that give an order about a job or a task, as `--help` lists them. */
export function orderCommands(context: CliContext): readonly CommandUnknownOpts[] {
  return [
    createRetryCommand(context),
    createCancelCommand(context),
    createRescheduleCommand(context),
    createSkipCommand(context),
    createCompleteCommand(context),
    createScrubCommand(context),
  ];
}
