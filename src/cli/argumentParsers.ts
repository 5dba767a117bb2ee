import { InvalidArgumentError } from "@commander-js/extra-typings";

import { nearestName } from "../config/nearestName.ts";
import { parseDuration, parseInteger } from "../config/parsers.ts";
import type { JobStatus } from "../database/calls/jobs.ts";

/** For commander: a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => asArgument(() => parseInteger(text, min, max));
}

/** For commander: a duration such as "3 s", in milliseconds. */
export function durationMs(text: string): number {
  return asArgument(() => parseDuration(text));
}

/** For commander: a time such as 2026-11-24T09:00, or a duration from now. */
export function timeOrDelay(text: string): Date {
  return isSpan(text) ? new Date(Date.now() + durationMs(text)) : time(text, 'a delay such as "5 min"');
}

/** For commander: a time such as 2026-11-24T09:00, or how long ago. */
export function timeOrAge(text: string): Date {
  return isSpan(text) ? new Date(Date.now() - durationMs(text)) : time(text, 'a span such as "2 h"');
}

function isSpan(text: string): boolean {
  return /^[\d.]+ ?[a-z]+$/v.test(text.trim());
}

function time(text: string, otherwise: string): Date {
  const at = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/v.test(text.trim()) || Number.isNaN(at.getTime())) {
    throw new InvalidArgumentError(`Write a time such as 2026-11-24T09:00 or 2026-11-24T09:00Z, or ${otherwise}.`);
  }
  return at;
}

const STATUSES = ["PENDING", "RUNNING", "WAITING", "COMPLETED", "FAILED", "CANCELLED"] as const;

/** For commander: statuses of jobs, in capitals or not, with commas between them; the option may be given several times. */
export function collectStatuses(text: string, before: readonly JobStatus[] | undefined): JobStatus[] {
  const given = text.split(",").map((each): JobStatus => {
    const status = STATUSES.find((one) => one === each.trim().toUpperCase());
    if (status === undefined) {
      const nearest = nearestName(each.trim(), STATUSES);
      throw new InvalidArgumentError(
        `"${each.trim()}" is no status of a job${nearest === undefined ? "." : `; did you mean ${nearest}?`} Write ${STATUSES.join(", ")}.`,
      );
    }
    return status;
  });
  return [...(before ?? []), ...given];
}

/** For commander: a job's id. */
export function jobId(text: string): string {
  // Above this Postgres' bigint ends.
  if (!/^\d{1,19}$/v.test(text) || /^0+$/v.test(text) || BigInt(text) > 9_223_372_036_854_775_807n) {
    throw new InvalidArgumentError("A job's id is a whole number, as `ratchet add` prints it.");
  }
  return BigInt(text).toString();
}

/** For commander: collects an option that may be given several times. */
export function collect(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}

function asArgument<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`);
  }
}
