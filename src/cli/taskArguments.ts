import { Argument } from "@commander-js/extra-typings";

import { jobId } from "./argumentParsers.ts";

/** The argument of commands about one job. */
export function jobIdArgument(): Argument<"<id>", undefined, string> {
  return new Argument("<id>", "the job's id").argParser(jobId);
}

/** The argument of commands about one task of a job. */
export function taskArgument(): Argument<"<task>"> {
  return new Argument("<task>", "the task's key, such as create or 'upload[2]'");
}
