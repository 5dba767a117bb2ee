import type { ErrorObject } from "ajv";
import { readPayloadSchema } from "../database/calls/payloadSchemas.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { payloadRejected } from "../definition/payload.ts";
import { schemaIssues } from "./schemaIssues.ts";

/** Checks payloads against the JSON Schemas that are stored with the definitions. */
export interface PayloadCheck {
  /**
   * Passes whatever cannot be checked: an unknown identifier (which `add_jobs` refuses), a definition without a schema.
   * @param db where the schema is read if it is not known: inside a caller's transaction that one, so that no second
   * connection is needed.
   * @throws {RatchetError} RT118 with each issue.
   */
  check(db: Queryable, identifier: string, payload: unknown): Promise<void>;
}

/** What {@link createPayloadCheck} takes. */
export interface PayloadCheckOptions {
  /** How long a schema is used without reading it again; a payload is never rejected by an old one. Default: 30 s. */
  readonly maxAgeMs?: number | undefined;
}

type Validate = (payload: unknown) => readonly ErrorObject[];

interface KnownSchema {
  readonly text: string | null;
  readonly validate: Validate;
  readonly readAtMs: number;
}

// Misspelt identifiers would fill the memory.
const MOST_KNOWN = 1000;
const DEFAULT_MAX_AGE_MS = 30_000;

/** Creates a check that remembers the schemas it has read. */
export function createPayloadCheck({ maxAgeMs = DEFAULT_MAX_AGE_MS }: PayloadCheckOptions = {}): PayloadCheck {
  const known = new Map<string, KnownSchema>();
  const reading = new Map<string, { readonly db: Queryable; readonly schema: Promise<KnownSchema> }>();

  /** What many callers want at once over the same pool is read once. */
  function readOnce(db: Queryable, identifier: string): Promise<KnownSchema> {
    const current = reading.get(identifier);
    if (current?.db === db) {
      return current.schema;
    }
    const schema = read(db, identifier).finally(() => {
      reading.delete(identifier);
    });
    reading.set(identifier, { db, schema });
    return schema;
  }

  async function read(db: Queryable, identifier: string): Promise<KnownSchema> {
    const readAtMs = performance.now();
    const text = await readPayloadSchema(db, identifier);
    const before = known.get(identifier);
    const validate = before?.text === text ? before.validate : await compile(text);
    const schema: KnownSchema = { text, validate, readAtMs };
    if (known.size >= MOST_KNOWN) {
      known.clear();
    }
    known.set(identifier, schema);
    return schema;
  }

  return {
    async check(db, identifier, payload) {
      const remembered = known.get(identifier);
      const isYoung = remembered !== undefined && performance.now() - remembered.readAtMs < maxAgeMs;
      if (isYoung && remembered.validate(payload).length === 0) {
        return;
      }
      const errors = (await readOnce(db, identifier)).validate(payload);
      if (errors.length > 0) {
        throw payloadRejected(schemaIssues(errors, payload));
      }
    },
  };
}

const passAll: Validate = () => [];

/** A schema that ajv cannot use, or a place where code cannot be made at run time, checks nothing: the worker does. */
async function compile(text: string | null): Promise<Validate> {
  if (text === null) {
    return passAll;
  }
  try {
    // Not at the top: it takes longer to load than all else of the client together.
    const { Ajv2020 } = await import("ajv/dist/2020.js");
    // Formats differ from validator to validator, and a pattern comes with most of them.
    // Verbose: an error brings the rule it comes from, whose format names a broken pattern.
    const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false, logger: false, verbose: true });
    const validate = ajv.compile(JSON.parse(text) as object);
    return (payload) => (validate(payload) ? [] : (validate.errors ?? []));
  } catch {
    return passAll;
  }
}
