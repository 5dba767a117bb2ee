import type { Queryable } from "./queryable.ts";

/** A definition as `ratchet.definitions` holds it. */
export interface DefinitionRow {
  readonly identifier: string;
  readonly version: string;
  /** `each`: a strict jsonpath, or `null` for exactly one task. */
  readonly templates: readonly { readonly key: string; readonly title: string; readonly each: string | null }[];
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly retryBackoff: number;
  readonly retryMaxDelayMs: number | null;
  readonly retryJitter: number;
  /** How long a job may take as a whole; `null`: no limit. */
  readonly timeoutMs: number | null;
  /** JSON Schema of what may be queued; `null` if the validator gives none. */
  readonly payloadSchema: object | null;
  /** How long COMPLETED jobs are kept after their end, in ms; `null`: 30 days. */
  readonly keepCompleted: number | "forever" | null;
  /** How long FAILED and CANCELLED jobs are kept after their end, in ms; `null`: 90 days. */
  readonly keepFailed: number | "forever" | null;
  /** Whether payloads, inputs and results are kept from those who may only look. */
  readonly hidePayloads: boolean;
}

const MS_PER_DAY = 86_400_000;

/**
 * Registers definitions, so that jobs can be added before the first worker starts.
 * @param makeCurrent whether `add_job` shall use these versions even where a newer one is registered.
 * @throws RT012 if a source of tasks cannot be used.
 */
export async function registerDefinitions(
  db: Queryable,
  definitions: readonly DefinitionRow[],
  makeCurrent: boolean,
): Promise<void> {
  const rows = definitions.map((definition) => ({
    identifier: definition.identifier,
    version: definition.version,
    templates: definition.templates,
    payload_schema: definition.payloadSchema,
    max_attempts: definition.maxAttempts,
    retry_delay: `${definition.retryDelayMs} milliseconds`,
    retry_backoff: definition.retryBackoff,
    retry_max_delay: definition.retryMaxDelayMs === null ? null : `${definition.retryMaxDelayMs} milliseconds`,
    retry_jitter: definition.retryJitter,
    timeout: definition.timeoutMs === null ? null : `${definition.timeoutMs} milliseconds`,
    keep_completed: keptFor(definition.keepCompleted),
    keep_failed: keptFor(definition.keepFailed),
    hide_payloads: definition.hidePayloads,
  }));
  await db.query("select ratchet_private.register_definitions($1, $2)", [JSON.stringify(rows), makeCurrent]);
}

/** An interval as people read it; Postgres has infinite ones only from version 17 on. */
function keptFor(time: number | "forever" | null): string | null {
  if (time === null || time === "forever") {
    return time && "1000 years";
  }
  return time % MS_PER_DAY === 0 ? `${time / MS_PER_DAY} days` : `${time} milliseconds`;
}
