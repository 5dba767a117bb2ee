import { nearestName } from "../config/nearestName.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import type { StandInHandlers, TaskKeyOf } from "./keys.ts";

type Failures = number | Error | readonly Error[];

/** What shall go wrong with a job, by the keys of its tasks; `upload` means each task of that forEach. */
export interface Trouble<Definition extends AnyJobDefinition> {
  /** The first try of these tasks fails, in place of the handler. */
  readonly failOnce?: readonly TaskKeyOf<Definition>[] | undefined;
  /** The first tries of a task fail in place of the handler: so many of them (`Infinity`: all), or one with each of these errors. */
  readonly fail?: Readonly<Partial<Record<TaskKeyOf<Definition>, Failures>>> | undefined;
  /** The time of these tasks' first try is up as soon as the handler waits for something: its `signal` is aborted, RT119. */
  readonly timeOutOnce?: readonly TaskKeyOf<Definition>[] | undefined;
  /** The process dies once these tasks' handlers have succeeded, before that is written; another worker goes on. */
  readonly crashAfter?: readonly TaskKeyOf<Definition>[] | undefined;
  /** The job is cancelled while the handler of this task runs. */
  readonly cancelAt?: TaskKeyOf<Definition> | undefined;
  /** Called in place of the definition's handlers, so that a test needs no network. */
  readonly handlers?: StandInHandlers<Definition> | undefined;
}

/** What one try of a task meets. */
export type Mishap =
  | { readonly kind: "none" }
  | { readonly kind: "fail"; readonly error: Error }
  | { readonly kind: "timeOut" }
  | { readonly kind: "crash" }
  | { readonly kind: "cancel" };

/** A job's troubles, which are used up as they happen. */
export interface TroublePlan {
  /** What the try that begins now meets. */
  next(task: { readonly key: string; readonly attempt: number }): Mishap;
  /** The handler that stands in for a template's own. */
  standIn(template: string): ((context: never) => unknown) | undefined;
}

interface PlannedKey {
  readonly key: string;
  readonly template: string;
}

/** Loosely typed, as the options are at run time. */
export type AnyTrouble = {
  readonly [Name in keyof Trouble<AnyJobDefinition>]: Trouble<AnyJobDefinition>[Name];
};

/**
 * Checks troubles against a job's plan.
 * @throws {RatchetError} RT110 for a key that the plan has not, with the nearest one, and for a count that is none.
 */
export function planTrouble(trouble: AnyTrouble, plan: readonly PlannedKey[]): TroublePlan {
  const { failOnce = [], fail = {}, timeOutOnce = [], crashAfter = [], cancelAt, handlers = {} } = trouble;
  const failures = new Map<string, Error[] | number>();
  const timeOuts = new Set(timeOutOnce.flatMap((wanted) => keysOf("timeOutOnce", wanted)));
  const crashes = new Set(crashAfter.flatMap((wanted) => keysOf("crashAfter", wanted)));
  const cancels = new Set(cancelAt === undefined ? [] : keysOf("cancelAt", cancelAt).slice(0, 1));

  function keysOf(option: string, wanted: string): string[] {
    const found = plan.filter(({ key, template }) => key === wanted || template === wanted).map(({ key }) => key);
    return found.length > 0
      ? found
      : refuseKey(
          option,
          wanted,
          plan.flatMap(({ key, template }) => [key, template]),
        );
  }
  for (const wanted of failOnce) {
    for (const key of keysOf("failOnce", wanted)) {
      failures.set(key, 1);
    }
  }
  for (const [wanted, failure] of Object.entries(fail)) {
    for (const key of keysOf("fail", wanted)) {
      failures.set(key, checkedFailure(wanted, failure));
    }
  }
  const templates = new Set(plan.map(({ template }) => template));
  for (const key of Object.keys(handlers).filter((name) => !templates.has(name))) {
    refuseKey("handlers", key, [...templates]);
  }

  return {
    next({ key, attempt }) {
      if (cancels.delete(key)) {
        return { kind: "cancel" };
      }
      const error = nextFailure(failures, key, attempt);
      if (error !== null) {
        return { kind: "fail", error };
      }
      if (timeOuts.delete(key)) {
        return { kind: "timeOut" };
      }
      return crashes.delete(key) ? { kind: "crash" } : { kind: "none" };
    },
    standIn: (template) => (Object.hasOwn(handlers, template) ? handlers[template] : undefined),
  };
}

function nextFailure(failures: Map<string, Error[] | number>, key: string, attempt: number): Error | null {
  const left = failures.get(key) ?? 0;
  if (typeof left !== "number") {
    return left.shift() ?? null;
  }
  if (left <= 0) {
    return null;
  }
  failures.set(key, left - 1);
  return new Error(`The test lets try ${attempt} of ${key} fail.`);
}

function checkedFailure(key: string, failure: Failures | undefined): Error[] | number {
  if (typeof failure === "number" && (Number.isSafeInteger(failure) || failure === Infinity) && failure >= 0) {
    return failure;
  }
  const errors = failure instanceof Error ? [failure] : failure;
  if (!Array.isArray(errors) || !errors.every((each) => each instanceof Error)) {
    throw new RatchetError("RT110", `fail["${key}"] is ${JSON.stringify(failure)}.`, {
      hint: "Give the number of tries that fail, an Error, or an array of Errors, one a try.",
    });
  }
  return [...(errors as readonly Error[])];
}

function refuseKey(option: string, wanted: string, known: readonly string[]): never {
  const nearest = nearestName(wanted, known);
  const names = [...new Set(known)];
  throw new RatchetError(
    "RT110",
    `${option} names "${wanted}", which the plan has not${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`,
    { hint: `The keys of this job: ${names.slice(0, 20).join(", ")}${names.length > 20 ? " …" : ""}.` },
  );
}
