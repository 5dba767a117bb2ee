import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AsJson, RefuseUnstorable } from "./json.ts";
import type { JsonPathSource } from "./jsonpath.ts";
import type { RetentionPolicy } from "./retention.ts";
import type { RetryPolicy } from "./retryPolicy.ts";
import type { TaskContext, TransactionContext } from "./taskContext.ts";
import type { TaskOptions, TaskTemplate } from "./template.ts";

/** Marks a job definition. Symbol.for: a task file may import another copy of the package than the worker. */
export const jobDefinitionBrand: unique symbol = Symbol.for("pg-ratchet.JobDefinition");

/** Carries a definition's types; there is no such property at run time. */
declare const inferred: unique symbol;

/** What `defineJob` was given, checked. */
export interface DefinitionOptions {
  readonly payload?: StandardSchemaV1;
  readonly retry: RetryPolicy;
  /** Absent in a definition that an older copy of the package made. */
  readonly retention?: RetentionPolicy;
  /** Whether those who may only look get no payloads, inputs and results. */
  readonly hidePayloads?: boolean;
  /** How long a job may take as a whole; `null`, and absent in a definition of an older copy: no limit. */
  readonly timeoutMs?: number | null;
  /** Default: the name of the task file. */
  readonly identifier?: string;
}

/** A definition as the engine sees it: its data, without its types. */
export interface AnyJobDefinition {
  readonly [jobDefinitionBrand]: true;
  readonly options: DefinitionOptions;
  readonly templates: readonly TaskTemplate[];
  /** 16 hexadecimal digits, see `versionOf`. */
  readonly version: string;
}

/**
 * The names of the properties that a forEach can be for: always an array once validated, and not said to be anything else
 * when queued, because the plan is made then. An optional array with a default in the schema is none.
 */
export type ArrayPropertyOf<Payload, Input = Payload> = {
  [Name in keyof Payload & string]: Payload[Name] extends readonly unknown[]
    ? MayBeArray<PropertyOf<Input, Name>> extends true
      ? Name
      : never
    : never;
}[keyof Payload & string];

// A schema that converts its input first says nothing about it: `unknown`.
type PropertyOf<Input, Name extends string> = unknown extends Input
  ? unknown
  : [Input] extends [Readonly<Record<Name, infer Queued>>]
    ? Queued
    : undefined;
type MayBeArray<Queued> = unknown extends Queued ? true : [Queued] extends [readonly unknown[]] ? true : false;

type ElementOf<Elements> = Elements extends readonly (infer Element)[] ? Element : never;

type InputFrom<Source, Payload> =
  Source extends JsonPathSource<infer Element>
    ? Element
    : Source extends keyof Payload
      ? ElementOf<Payload[Source]>
      : never;

// An object, because two texts intersect to `never`, which would hide the reason from the compiler's message.
type RefuseUsedKey<Key, Results> = Key extends keyof Results
  ? { readonly error: `The key "${Key & string}" is used by an earlier task.` }
  : unknown;

// A type parameter is not checked for excess properties; without it the context could not depend on the options.
type RefuseUnknownOptions<Options> = Readonly<Record<Exclude<keyof Options, keyof TaskOptions>, never>>;

/** `Map` with one more entry: of results, or of inputs. */
type With<Map, Key extends string, Value> = {
  [K in keyof Map | Key]: K extends keyof Map ? Map[K] : Value;
};

type ContextOf<Payload, Input, Results, Options> = TaskContext<Payload, Input, Results> &
  (Options extends { readonly transaction: true } ? TransactionContext : unknown);

type Handler<Context, Result> = ((context: Context) => Result) & RefuseUnstorable<Awaited<Result>>;

/**
 * A job definition: immutable, each method returns a new one with one more template. `Results` has what a later task's
 * `results` resolves to, by key; `Input` is what may be queued, before the schema has filled in and converted; `TaskInputs` has
 * by key the elements of a forEach, and `undefined` for a task.
 */
export interface JobDefinition<Payload, Results, Input = Payload, TaskInputs = object> extends AnyJobDefinition {
  readonly [inferred]?: {
    readonly payload: Payload;
    readonly results: Results;
    readonly input: Input;
    readonly taskInputs: TaskInputs;
  };

  /**
   * Adds one task.
   * @param key stable and unique, of letters, digits, `_` and `-`; running jobs find their handler by it.
   * @throws {RatchetError} RT112
   */
  task<const Key extends string, Result>(
    key: Key & RefuseUsedKey<Key, Results>,
    handler: Handler<ContextOf<Payload, undefined, Results, unknown>, Result>,
  ): JobDefinition<Payload, With<Results, Key, AsJson<Awaited<Result>>>, Input, With<TaskInputs, Key, undefined>>;
  task<const Key extends string, const Options extends TaskOptions, Result>(
    key: Key & RefuseUsedKey<Key, Results>,
    options: Options & RefuseUnknownOptions<Options>,
    handler: Handler<ContextOf<Payload, undefined, Results, Options>, Result>,
  ): JobDefinition<Payload, With<Results, Key, AsJson<Awaited<Result>>>, Input, With<TaskInputs, Key, undefined>>;

  /**
   * Adds one task per element of an array; they run one after the other, in the array's order, as `<key>[1]`, `<key>[2]` ….
   * @param elements the name of an array property of the payload, or `jsonpath(...)`. An optional property does not compile,
   * with a default in the schema neither: SQL makes the plan from the payload as it is queued, and needs the array there.
   * @throws {RatchetError} RT112
   */
  forEach<
    const Key extends string,
    const Source extends ArrayPropertyOf<Payload, Input> | JsonPathSource<unknown>,
    Result,
  >(
    key: Key & RefuseUsedKey<Key, Results>,
    elements: Source,
    handler: Handler<ContextOf<Payload, InputFrom<Source, Payload>, Results, unknown>, Result>,
  ): JobDefinition<
    Payload,
    With<Results, Key, AsJson<Awaited<Result>>[]>,
    Input,
    With<TaskInputs, Key, InputFrom<Source, Payload>>
  >;
  forEach<
    const Key extends string,
    const Source extends ArrayPropertyOf<Payload, Input> | JsonPathSource<unknown>,
    const Options extends TaskOptions,
    Result,
  >(
    key: Key & RefuseUsedKey<Key, Results>,
    elements: Source,
    options: Options & RefuseUnknownOptions<Options>,
    handler: Handler<ContextOf<Payload, InputFrom<Source, Payload>, Results, Options>, Result>,
  ): JobDefinition<
    Payload,
    With<Results, Key, AsJson<Awaited<Result>>[]>,
    Input,
    With<TaskInputs, Key, InputFrom<Source, Payload>>
  >;
}

interface Inferred {
  readonly payload: unknown;
  readonly results: unknown;
  readonly input: unknown;
  readonly taskInputs: unknown;
}

type InferredFrom<Definition extends AnyJobDefinition> = Definition extends { readonly [inferred]?: infer Types }
  ? unknown extends Types
    ? Inferred
    : Extract<Types, Inferred>
  : Inferred;

/** The payload as handlers get it. */
export type PayloadOf<Definition extends AnyJobDefinition> = InferredFrom<Definition>["payload"];

/** The payload as it is queued. */
export type PayloadInput<Definition extends AnyJobDefinition> = InferredFrom<Definition>["input"];

/** The stored results by key: a value for a task, an array for a forEach. */
export type ResultsOf<Definition extends AnyJobDefinition> = InferredFrom<Definition>["results"];

/** What the tasks are for, by key: the element's type for a forEach, `undefined` for a task. */
export type TaskInputsOf<Definition extends AnyJobDefinition> = InferredFrom<Definition>["taskInputs"];

/** Whether `value` is a definition, made by this or another copy of the package. */
export function isJobDefinition(value: unknown): value is AnyJobDefinition {
  return typeof value === "object" && value !== null && jobDefinitionBrand in value;
}
