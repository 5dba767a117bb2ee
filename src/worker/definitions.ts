import type { DefinitionRow } from "../database/calls/definitions.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";

/** Definitions by identifier. */
export type DefinitionMap = ReadonlyMap<string, AnyJobDefinition>;

/** A definition as it is registered in the database. */
export function definitionRow(identifier: string, { options, templates, version }: AnyJobDefinition): DefinitionRow {
  const { retry } = options;
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
