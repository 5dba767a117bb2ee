import type pg from "pg";

import { registerDefinitions } from "../database/calls/registerDefinitions.ts";
import { loadDefinitions } from "../worker/loadDefinitions.ts";

/** Registers the definitions of a folder, so that SQL can plan their jobs. Gives their identifiers. */
export async function registerTaskFolder(pool: pg.Pool, taskFolder: string): Promise<string[]> {
  const definitions = await loadDefinitions(taskFolder);
  await registerDefinitions(pool, definitions);
  return [...definitions.keys()];
}
