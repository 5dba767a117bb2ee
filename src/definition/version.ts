import { createHash } from "node:crypto";
import type { TaskTemplate } from "./template.ts";

/**
 * The version of a definition: 16 hexadecimal digits that change exactly when a running job would no longer find its
 * handlers, that is with the templates' order, keys and element paths. Titles, time-outs, retry policy and handler code do not
 * count: jobs that are under way take those from the newest code.
 */
export function versionOf(templates: readonly Pick<TaskTemplate, "key" | "each">[]): string {
  const identity = templates.map(({ key, each }) => [key, each?.path ?? null]);
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 16);
}
