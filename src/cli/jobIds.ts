import { Argument } from "@commander-js/extra-typings";

import { jobId } from "./argumentParsers.ts";

/** The argument of commands that take one job or several. */
export function jobIdsArgument(): Argument<"<ids...>", undefined, string[]> {
  return new Argument("<ids...>", "the jobs' ids").argParser((text: string, before: string[] | undefined): string[] => [
    ...(before ?? []),
    jobId(text),
  ]);
}

/** The argument of commands that take jobs by their ids, or by what they have in common with `--all`. */
export function optionalJobIdsArgument(): Argument<"[ids...]", undefined, string[]> {
  return new Argument("[ids...]", "the jobs' ids").argParser((text: string, before: string[] | undefined): string[] => [
    ...(before ?? []),
    jobId(text),
  ]);
}
