import type { Logger } from "pino";
import { registerDefinitions } from "../database/calls/definitions.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { definitionRow } from "../worker/definitions.ts";
import { loadTaskFiles } from "../worker/taskFiles.ts";

/**
 * Registers the definitions of a folder, so that SQL can plan their jobs, and gives their identifiers. `makeCurrent`:
 * jobs are planned by these versions from now on even if newer ones are registered.
 */
export async function registerTaskFolder(
  db: Queryable,
  taskFolder: string,
  { makeCurrent, log }: { readonly makeCurrent: boolean; readonly log: Logger },
): Promise<string[]> {
  const { definitions } = await loadTaskFiles(taskFolder, log);
  const rows = [...definitions].map(([identifier, definition]) => definitionRow(identifier, definition));
  await registerDefinitions(db, rows, makeCurrent);
  return [...definitions.keys()];
}
