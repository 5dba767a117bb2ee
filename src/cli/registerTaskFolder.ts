import { registerDefinitions } from "../database/calls/definitions.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { loadDefinitions } from "../worker/loadDefinitions.ts";

/**
 * Registers the definitions of a folder, so that SQL can plan their jobs, and gives their identifiers. `makeCurrent`:
 * jobs are planned by these versions from now on even if newer ones are registered.
 */
export async function registerTaskFolder(db: Queryable, taskFolder: string, makeCurrent: boolean): Promise<string[]> {
  const definitions = await loadDefinitions(taskFolder);
  const rows = [...definitions].map(([identifier, definition]) => definitionRow(identifier, definition));
  await registerDefinitions(db, rows, makeCurrent);
  return [...definitions.keys()];
}

function definitionRow(identifier: string, { version, templates, options: { retry } }: AnyJobDefinition) {
  return {
    identifier,
    version,
    templates: templates.map(({ key, title, each }) => ({ key, title, each: each?.path ?? null })),
    maxAttempts: retry.maxAttempts,
    retryDelayMs: retry.delayMs,
    retryBackoff: retry.backoff,
    retryMaxDelayMs: retry.maxDelayMs,
    retryJitter: retry.jitter,
  };
}
