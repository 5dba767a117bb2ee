import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  type AnyJobDefinition,
  isJobDefinition,
  type PayloadInput,
  type ResultsOf,
} from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";

/**
 * What a job's types can come from: the type of a definition, or the type of a task file's module, whose default export is
 * one (`typeof import("./tasks/publish_listing.ts")`).
 */
export type JobSource = AnyJobDefinition | { readonly default: AnyJobDefinition };

/** The definition's type of a {@link JobSource}. */
export type DefinitionOf<Source extends JobSource> = Source extends AnyJobDefinition
  ? Source
  : Source extends { readonly default: infer Definition extends AnyJobDefinition }
    ? Definition
    : never;

/** What may be queued: the schema's input. Any object, if the definition is not known or does not say what it takes. */
export type QueuedPayload<Source extends JobSource> =
  unknown extends PayloadInput<DefinitionOf<Source>> ? object : PayloadInput<DefinitionOf<Source>>;

/** Results by template key, as far as they are there; of a forEach an array in the order of the tasks. */
export type JobResults<Source extends JobSource> =
  unknown extends ResultsOf<DefinitionOf<Source>>
    ? Readonly<Record<string, unknown>>
    : { readonly [Key in keyof ResultsOf<DefinitionOf<Source>>]?: ResultsOf<DefinitionOf<Source>>[Key] };

/** Carries types; there is no such property at run time. */
export declare const sourceOf: unique symbol;

// Symbol.for: a service may load two copies of the package.
const referenceBrand = Symbol.for("pg-ratchet.JobReference");

/** A definition's identifier together with its types. */
export interface JobReference<Source extends JobSource = AnyJobDefinition> {
  readonly [referenceBrand]: true;
  readonly [sourceOf]?: Source;
  readonly identifier: string;
  /** The definition itself, if it was at hand. */
  readonly definition: AnyJobDefinition | undefined;
}

/**
 * Names a definition without importing it: a service that queues jobs needs the definition's types, which are gone when it
 * runs, and not its handlers.
 * @param identifier the definition's: the task file's name without its ending, or what its `identifier` says.
 * @param definition the definition itself, for programs that have it anyway: its own validator then checks payloads when
 * they are queued. Default: the JSON Schema that is stored with the definition does.
 * @example
 * const publishListing = jobReference<typeof import("./tasks/publish_listing.ts")>("publish_listing");
 * await ratchet.add(publishListing, { sku: "JKT-1", images: [] });
 */
export function jobReference<Source extends JobSource = AnyJobDefinition>(
  identifier: string,
  definition?: Source,
): JobReference<Source> {
  return Object.freeze({ [referenceBrand]: true as const, identifier, definition: definitionIn(definition) });
}

/** A job's name as a caller may give it. */
export type JobName<Source extends JobSource> = string | JobReference<Source> | Source;

/** What a {@link JobName} comes to. */
export interface NamedJob {
  readonly identifier: string;
  /** The definition's own validator, if it is at hand. */
  readonly schema: StandardSchemaV1 | undefined;
}

/**
 * Finds out which definition is meant.
 * @throws {RatchetError} RT006 for a definition that does not say its identifier, and for anything else.
 */
export function resolveJobName(name: unknown): NamedJob {
  if (typeof name === "string") {
    return { identifier: name, schema: undefined };
  }
  if (isReference(name)) {
    return { identifier: name.identifier, schema: name.definition?.options.payload };
  }
  const definition = definitionIn(name);
  if (definition === undefined) {
    throw new RatchetError(
      "RT006",
      "The job is named neither by an identifier nor by a definition or jobReference(…).",
    );
  }
  const { identifier, payload } = definition.options;
  if (identifier === undefined) {
    throw new RatchetError(
      "RT006",
      "The definition does not say its identifier, and its file's name is not known here.",
      {
        hint: 'Write defineJob({ identifier: "publish_listing", … }), or name it here: jobReference("publish_listing", definition).',
      },
    );
  }
  return { identifier, schema: payload };
}

function isReference(value: unknown): value is JobReference {
  return typeof value === "object" && value !== null && referenceBrand in value;
}

function definitionIn(value: unknown): AnyJobDefinition | undefined {
  const candidate: unknown = typeof value === "object" && value !== null && "default" in value ? value.default : value;
  return isJobDefinition(candidate) ? candidate : undefined;
}
