import type { StandardSchemaV1 } from "@standard-schema/spec";
import { RatchetError } from "../errors/ratchetError.ts";
import { type Duration, durationToMs } from "./duration.ts";
import { isJsonPathSource, type JsonPathSource, pathOfProperty } from "./jsonpath.ts";

/** Options of one task, or of all tasks of one forEach. */
export interface TaskOptions {
  /** The task's name for people; in a forEach `{n}` and `{total}` stand for numbers. Default: the key; forEach: `<key> {n}/{total}`. */
  readonly title?: string | undefined;
  /** How long one try may take. Default: no limit. */
  readonly timeout?: Duration | undefined;
  /** Gives the handler `client`, in the transaction that also writes the task's end. */
  readonly transaction?: true | undefined;
}

/** Where the elements of a forEach are. */
export interface ElementSource {
  /** A Postgres jsonpath in strict mode, such as `strict $."images"[*]`. */
  readonly path: string;
  /** The payload's property that the array is; `null` for a path of the user's own. */
  readonly property: string | null;
  /** Validates each element; only with a path of the user's own. */
  readonly element?: StandardSchemaV1;
}

/** The part of a definition that one or many tasks of a job come from. */
export interface TaskTemplate {
  readonly key: string;
  readonly title: string;
  /** `null`: exactly one task. */
  readonly each: ElementSource | null;
  /** `null`: no limit. */
  readonly timeoutMs: number | null;
  readonly transaction: boolean;
  /** Called with a `TaskContext` of the types that the definition inferred. */
  readonly handler: (context: never) => unknown;
}

// A timer with a longer delay fires at once (Node: TIMEOUT_MAX).
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Checks what TypeScript cannot, for callers without it too, and fills in the defaults.
 * @param source the array property's name or a jsonpath for a forEach, `null` for a single task.
 * @throws {RatchetError} RT112
 */
export function createTemplate(
  key: string,
  source: string | JsonPathSource<unknown> | null,
  options: TaskOptions,
  handler: unknown,
): TaskTemplate {
  if (typeof key !== "string" || !/^[A-Za-z0-9_\-]+$/v.test(key)) {
    throw new RatchetError("RT112", `${JSON.stringify(key)} is no task key.`, {
      hint: 'Use letters, digits, "_" and "-" only; the title is the place for a name with spaces.',
    });
  }
  if (typeof handler !== "function") {
    throw new RatchetError("RT112", `The task "${key}" has no handler: the last argument is ${typeof handler}.`);
  }
  if (typeof options !== "object") {
    throw new RatchetError(
      "RT112",
      `The options of the task "${key}" are ${JSON.stringify(options)}, but must be an object.`,
    );
  }
  const title = options.title ?? (source === null ? key : `${key} {n}/{total}`);
  if (typeof title !== "string" || title.trim() === "") {
    throw new RatchetError("RT112", `The title of the task "${key}" is empty or no text.`);
  }
  return Object.freeze({
    key,
    title,
    each: source === null ? null : elementSource(key, source),
    timeoutMs: options.timeout === undefined ? null : timeoutToMs(key, options.timeout),
    transaction: options.transaction === true,
    handler: handler as TaskTemplate["handler"],
  });
}

function elementSource(key: string, source: string | JsonPathSource<unknown>): ElementSource {
  if (isJsonPathSource(source)) {
    const { path, element } = source;
    return Object.freeze(element === undefined ? { path, property: null } : { path, property: null, element });
  }
  if (typeof source !== "string" || source === "") {
    throw new RatchetError("RT112", `The forEach "${key}" does not say which array of the payload it is for.`, {
      hint: 'Give the name of an array property, such as "images", or jsonpath({ path }).',
    });
  }
  return Object.freeze({ path: pathOfProperty(source), property: source });
}

function timeoutToMs(key: string, timeout: Duration): number {
  const timeoutMs = durationToMs(timeout);
  if (timeoutMs < 1 || timeoutMs > LONGEST_TIMER_MS) {
    throw new RatchetError(
      "RT112",
      `The time-out of the task "${key}" is "${timeout}", but must be from 1 ms to 596 h.`,
    );
  }
  return timeoutMs;
}
