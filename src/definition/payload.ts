import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type PayloadIssue, RatchetError } from "../errors/ratchetError.ts";

/**
 * What the schema makes of a payload: coerced, with defaults, transformed, as the validator does it.
 * @param schema any Standard Schema; `undefined` lets everything pass unchanged.
 * @throws {RatchetError} RT118 with every issue, in `issues` and as `path: message` in the message; the payload's values are not quoted by us, though a
 * validator's message may quote them.
 */
export async function validatePayload(schema: StandardSchemaV1 | undefined, raw: unknown): Promise<unknown> {
  if (schema === undefined) {
    return raw;
  }
  const result = await schema["~standard"].validate(raw);
  if (result.issues === undefined) {
    return result.value;
  }
  throw payloadRejected(result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message })));
}

/** The error RT118 that says all this. */
export function payloadRejected(issues: readonly PayloadIssue[]): RatchetError {
  const problems = issues.map(({ path, message }) => `${path}: ${message}`);
  return new RatchetError("RT118", `The payload was rejected by its schema. ${problems.join("; ")}`, { issues });
}

/** `images[2].url`; `payload` where the issue is with the whole. */
function pathOf(issue: StandardSchemaV1.Issue): string {
  let path = "";
  for (const segment of issue.path ?? []) {
    const key = typeof segment === "object" ? segment.key : segment;
    path += typeof key === "number" ? `[${key}]` : `${path === "" ? "" : "."}${String(key)}`;
  }
  return path === "" ? "payload" : path;
}
