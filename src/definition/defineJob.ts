import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Duration, durationToMs } from "./duration.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { type DefinitionOptions, type JobDefinition, jobDefinitionBrand } from "./jobDefinition.ts";
import type { JsonPathSource } from "./jsonpath.ts";
import { type RetentionOptions, createRetentionPolicy } from "./retention.ts";
import { createRetryPolicy, type RetryOptions } from "./retryPolicy.ts";
import { createTemplate, type TaskTemplate } from "./template.ts";
import { versionOf } from "./version.ts";

/** Options of {@link defineJob}. */
export interface DefineJobOptions<Schema extends StandardSchemaV1> {
  /** Any Standard Schema validator (zod, valibot, arktype …) of an object. Default: every JSON object is taken. */
  readonly payload?: (Schema & RefuseNonObject<Schema>) | undefined;
  /** Default: five tries of each task, 30 s apart. */
  readonly retry?: RetryOptions | undefined;
  /**
   * How long a job may take from its first start to its end, retries and the waits for them included. Then the handler that
   * runs has its signal aborted, and the job has failed for good (RT138), whatever tries are left. Default: no limit.
   */
  readonly timeout?: Duration | undefined;
  /** How long finished jobs are kept. Default: COMPLETED ones 30 days, FAILED and CANCELLED ones 90. */
  readonly retention?: RetentionOptions | undefined;
  /**
   * Keeps payloads, inputs and results of its jobs from those who may only look at them, `ratchet_viewer` in SQL and GraphQL:
   * they get null. What a handler puts into error messages is shown. Default: false.
   */
  readonly hidePayloads?: boolean | undefined;
  /** The name jobs are queued by, 1 to 128 characters. Default: the name of the task file. */
  readonly identifier?: string | undefined;
}

// `unknown` passes: a schema that converts its input first does not say what it takes.
type RefuseNonObject<Schema extends StandardSchemaV1> =
  StandardSchemaV1.InferInput<Schema> extends string | number | bigint | boolean | null | undefined | readonly unknown[]
    ? "A payload is a JSON object."
    : unknown;

type AnyObject = Record<string, unknown>;

/**
 * Begins a job definition; `.task` and `.forEach` add its tasks in the order they run. The default export of
 * `tasks/<identifier>.ts` is one. Payload, input and results are inferred.
 * @example
 * export default defineJob({ payload: z.object({ images: z.array(z.string()) }), retry: { delay: "30 s" } })
 *   .forEach("upload", "images", { title: "Upload image {n}/{total}" }, ({ input, signal }) => upload(input, signal))
 *   .task("create", async ({ results }) => create(await results.upload));
 * @throws {RatchetError} RT112 if an option is not valid.
 */
export function defineJob<Schema extends StandardSchemaV1<unknown, unknown> = StandardSchemaV1<AnyObject, AnyObject>>(
  options: DefineJobOptions<Schema> = {},
): JobDefinition<StandardSchemaV1.InferOutput<Schema>, object, StandardSchemaV1.InferInput<Schema>> {
  const { payload, identifier } = options;
  if (payload !== undefined && !isStandardSchema(payload)) {
    throw new RatchetError("RT112", "The option `payload` of defineJob is no Standard Schema.", {
      hint: "Give a schema of zod 3.24, valibot 1, arktype 2 or later, or an object with the property `~standard`.",
    });
  }
  if (identifier !== undefined && (typeof identifier !== "string" || !/^.{1,128}$/v.test(identifier))) {
    throw new RatchetError(
      "RT112",
      `The identifier ${JSON.stringify(identifier)} is not 1 to 128 characters on one line.`,
    );
  }
  if (options.hidePayloads !== undefined && typeof options.hidePayloads !== "boolean") {
    throw new RatchetError("RT112", "The option `hidePayloads` of defineJob is neither true nor false.");
  }
  const checked: DefinitionOptions = Object.freeze({
    ...(payload && { payload }),
    retry: createRetryPolicy(options.retry),
    retention: createRetentionPolicy(options.retention),
    timeoutMs: jobTimeoutMs(options.timeout),
    hidePayloads: options.hidePayloads ?? false,
    ...(identifier !== undefined && { identifier }),
  });
  return createDefinition(checked, []);
}

// Postgres must be able to add it to any present time.
const LONGEST_TIMEOUT_MS = durationToMs("365000 d");

function jobTimeoutMs(timeout: Duration | undefined): number | null {
  if (timeout === undefined) {
    return null;
  }
  const timeoutMs = durationToMs(timeout);
  if (timeoutMs < 1 || timeoutMs > LONGEST_TIMEOUT_MS) {
    throw new RatchetError("RT112", `The job's time-out is "${timeout}", but must be from 1 ms to 365000 d.`);
  }
  return timeoutMs;
}

/** A schema may be a function, as arktype's are. */
function isStandardSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    return false;
  }
  const standard: unknown = Reflect.get(value, "~standard");
  return typeof standard === "object" && standard !== null && typeof Reflect.get(standard, "validate") === "function";
}

function createDefinition<Payload, Results, Input>(
  options: DefinitionOptions,
  templates: readonly TaskTemplate[],
): JobDefinition<Payload, Results, Input> {
  /** Arguments after the key and the source: the handler, or options and the handler. */
  function withTemplate(
    key: string,
    source: string | JsonPathSource<unknown> | null,
    rest: readonly unknown[],
  ): unknown {
    const [first, second] = rest;
    const template =
      rest.length === 1 ? createTemplate(key, source, {}, first) : createTemplate(key, source, first ?? {}, second);
    if (templates.some((earlier) => earlier.key === key)) {
      throw new RatchetError("RT112", `The key "${key}" is used by two tasks of one definition.`, {
        hint: "Give each task a key of its own: handlers and results are found by it.",
      });
    }
    return createDefinition(options, [...templates, template]);
  }

  return Object.freeze({
    [jobDefinitionBrand]: true as const,
    options,
    templates: Object.freeze(templates),
    version: versionOf(templates),
    task: ((key: string, ...rest: unknown[]) => withTemplate(key, null, rest)) as JobDefinition<
      Payload,
      Results,
      Input
    >["task"],
    forEach: ((key: string, source: string | JsonPathSource<unknown>, ...rest: unknown[]) =>
      withTemplate(key, source ?? "", rest)) as JobDefinition<Payload, Results, Input>["forEach"],
  });
}
