import { relative } from "node:path";

import { findTaskFile } from "../worker/importTaskFile.ts";

/** What to do about an identifier that is not registered though the task folder has its file; undefined if it has none. */
export async function taskFileHint(taskFolder: string, identifier: string): Promise<string | undefined> {
  const found = await findTaskFile(taskFolder, identifier);
  if (found === undefined) {
    return undefined;
  }
  const file = relative(process.cwd(), found.file);
  if (found.kind === "plain task") {
    return `${file} is a plain graphile-worker task, not a definition: queue it with select graphile_worker.add_job('${identifier}', '{}').`;
  }
  if (found.kind === "definition" && found.identifier !== identifier) {
    return `${file} defines "${found.identifier}": use that name.`;
  }
  return `${file} is there, but not registered: run \`ratchet migrate\`, and restart the worker, which reads ${relative(process.cwd(), taskFolder)}/ only when it starts.`;
}
