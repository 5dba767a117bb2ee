import { createHash } from "node:crypto";
import type { DefinitionRow } from "../database/calls/definitions.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { jsonSchemaOf } from "../definition/payloadSchema.ts";

/** Definitions by identifier. */
export type DefinitionMap = ReadonlyMap<string, AnyJobDefinition>;

const registered = new WeakMap<AnyJobDefinition, { readonly identifier: string; readonly version: string }>();

/**
 * A definition's version in the database. The identifier is part of it: workers are asked for versions alone, and two
 * definitions may have equal templates.
 */
export function registeredVersion(identifier: string, definition: AnyJobDefinition): string {
  // Asked once a job.
  const known = registered.get(definition);
  if (known?.identifier === identifier) {
    return known.version;
  }
  const version = createHash("sha256").update(`${identifier}\n${definition.version}`).digest("hex").slice(0, 16);
  registered.set(definition, { identifier, version });
  return version;
}

/** A definition as it is registered in the database. */
export function definitionRow(identifier: string, definition: AnyJobDefinition): DefinitionRow {
  const { templates, options } = definition;
  const { retry, retention } = options;
  return {
    identifier,
    version: registeredVersion(identifier, definition),
    templates: templates.map(({ key, title, each }) => ({ key, title, each: each?.path ?? null })),
    maxAttempts: retry.maxAttempts,
    retryDelayMs: retry.delayMs,
    retryBackoff: retry.backoff,
    retryMaxDelayMs: retry.maxDelayMs,
    retryJitter: retry.jitter,
    timeoutMs: options.timeoutMs ?? null,
    payloadSchema: jsonSchemaOf(options.payload),
    keepCompleted: retention?.completed ?? null,
    keepFailed: retention?.failed ?? null,
    hidePayloads: options.hidePayloads ?? false,
  };
}
