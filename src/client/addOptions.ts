import type { AddJobSpec } from "../database/calls/jobs.ts";
import { jobSpecText } from "../database/calls/addedJobs.ts";
import { type Duration, durationToMs } from "../definition/duration.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import type { PreparedJob } from "./addQueue.ts";

/** How one job is added. */
export interface JobOptions extends Omit<AddJobSpec, "identifier" | "payload" | "retryDelayMs"> {
  /** Wait before a failed task is tried again. Default: the definition's. */
  readonly retryDelay?: Duration | undefined;
}

/** One job of `addMany`. */
export interface JobItem<Payload> extends JobOptions {
  readonly payload: Payload;
}

/**
 * The job's payload as JSON text, which is what is stored.
 * @throws {RatchetError} RT002 if JSON cannot hold it, or if it is no object.
 */
export function payloadText(identifier: string, payload: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RatchetError("RT002", `The payload of "${identifier}" cannot be written as JSON: ${reason}.`, {
      hint: "Give plain data: a bigint as text, no circular reference. Nothing was written.",
      cause,
    });
  }
  if (text === undefined || !text.startsWith("{")) {
    throw new RatchetError("RT002", `The payload of "${identifier}" must be a JSON object and is ${kindOf(text)}.`);
  }
  return text;
}

/** What the text is; a Date, for example, is a string by then. */
function kindOf(text: string | undefined): string {
  if (text === undefined || text === "null") {
    return String(text);
  }
  return text.startsWith("[") ? "array" : typeof JSON.parse(text);
}

/**
 * The job as SQL takes it.
 * @throws {RatchetError} RT006 or RT112 for a time or duration that is none.
 */
export function prepareJob(
  identifier: string,
  payload: string,
  { retryDelay, ...options }: JobOptions,
  defaultTenant: string | undefined,
): PreparedJob {
  const { runAt, jobKey, tenant = defaultTenant } = options;
  if (runAt !== undefined && !(runAt instanceof Date && !Number.isNaN(runAt.getTime()))) {
    throw new RatchetError("RT006", "runAt is no valid Date.", {
      hint: "Give a Date, such as new Date(Date.now() + 60_000).",
    });
  }
  const retryDelayMs = retryDelay === undefined ? undefined : durationToMs(retryDelay);
  return {
    spec: jobSpecText({ ...options, identifier, retryDelayMs, tenant }, payload),
    jobKey: jobKey ?? null,
    keyId: jobKey === undefined ? null : JSON.stringify([tenant ?? null, jobKey]),
  };
}
