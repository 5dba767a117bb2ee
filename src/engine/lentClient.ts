import type pg from "pg";
import { processIdOf, sendsItself } from "../database/pgInternals.ts";
import { codeOf, isLimitOfRole } from "../database/transientErrors.ts";
import type { TransactionClient } from "../definition/taskContext.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { traitsOf } from "./transactionControl.ts";

/** A connection that a handler may use until it is taken back. */
export interface LentClient {
  readonly client: TransactionClient;
  /** Of the server process. */
  readonly processId: number | null;
  /** Whether a statement of the handler's may still be unanswered. */
  isBusy(): boolean;
  /**
   * Refuses every later statement: a handler that goes on after its end must not meet the next task on its connection.
   * Resolves when the statements sent before are answered, whatever the answer.
   */
  readonly takeBack: () => Promise<void>;
  /** The newest error of a statement that says more than that the transaction has failed; undefined if there is none. */
  failure(): unknown;
  /** Whether a statement may have changed settings that Ratchet's own depend on. */
  hasSetSettings(): boolean;
  /** Whether SQL's `prepare` has left a statement in the session. */
  hasPrepared(): boolean;
}

/** What Postgres says to every statement after one that failed. */
export const IN_FAILED_TRANSACTION = "25P02";

type Callback = (error: unknown, result?: unknown) => unknown;

/**
 * Lends a connection out.
 * @param task its name, for the texts of errors.
 */
export function lendClient(client: pg.PoolClient, task: string): LentClient {
  let isTakenBack = false;
  let unanswered = 0;
  let failure: unknown;
  let hasSetSettings = false;
  let hasPrepared = false;
  let onIdle: (() => void) | undefined;

  function answered(error?: unknown): void {
    unanswered--;
    // After the end of a session every error only says that it has ended.
    if (error !== undefined && codeOf(error) !== IN_FAILED_TRANSACTION && !isLimitOfRole(failure)) {
      failure = error;
    }
    if (unanswered === 0) {
      onIdle?.();
    }
  }

  async function noteAnswer(answer: unknown): Promise<void> {
    try {
      await answer;
      answered();
    } catch (error) {
      answered(error);
    }
  }

  function send(parameters: readonly unknown[]): unknown {
    return (client.query as (...values: unknown[]) => unknown)(...parameters);
  }

  function query(...parameters: unknown[]): unknown {
    const refusal = refusalOf(parameters[0]);
    const callback = callbackAt(parameters);
    if (sendsItself(parameters[0])) {
      if (refusal !== undefined) {
        throw refusal;
      }
      const object = send([watch(parameters[0], answered), ...parameters.slice(1)]);
      unanswered++;
      return object;
    }
    if (refusal !== undefined) {
      return refuse(refusal, callback?.call);
    }
    if (callback !== undefined) {
      const counting: Callback = (error, result) => {
        answered(error ?? undefined);
        return callback.call(error, result);
      };
      const nothing = send(callback.replace(counting));
      unanswered++;
      return nothing;
    }
    const answer = send(parameters);
    unanswered++;
    void noteAnswer(answer);
    return answer;
  }

  function refusalOf(statement: unknown): RatchetError | undefined {
    if (isTakenBack) {
      return new RatchetError("RT144", `The transaction of "${task}" has ended; its client cannot be used any more.`);
    }
    const { control, setsSettings, prepares } = traitsOf(textOf(statement));
    hasSetSettings ||= setsSettings;
    hasPrepared ||= prepares;
    return control === undefined
      ? undefined
      : new RatchetError("RT142", `${control} is refused: the transaction of "${task}" belongs to the task.`);
  }

  async function takeBack(): Promise<void> {
    isTakenBack = true;
    if (unanswered > 0) {
      const { promise, resolve } = Promise.withResolvers<null>();
      onIdle = () => {
        resolve(null);
      };
      await promise;
    }
  }

  return {
    client: { query: query as TransactionClient["query"] },
    processId: processIdOf(client),
    isBusy: () => unanswered > 0,
    takeBack,
    failure: () => failure,
    hasSetSettings: () => hasSetSettings,
    hasPrepared: () => hasPrepared,
  };
}

function refuse(refusal: RatchetError, callback: Callback | undefined): unknown {
  if (callback !== undefined) {
    process.nextTick(callback, refusal);
    return undefined;
  }
  const answer = Promise.reject(refusal);
  // A handler that was cut off may wait for nothing any more; that must not end the process.
  answer.catch(() => {});
  return answer;
}

/** What sends itself, such as a cursor, tells nobody but its owner that it is done; pg tells it by one of two calls. */
function watch(object: object, onDone: (error?: unknown) => void): object {
  let isDone = false;
  function watchCall(name: string, errorOf: (given: readonly unknown[]) => unknown): void {
    const method: unknown = Reflect.get(object, name);
    Reflect.set(object, name, (...given: unknown[]): unknown => {
      if (!isDone) {
        isDone = true;
        onDone(errorOf(given));
      }
      return typeof method === "function" ? (Reflect.apply(method, object, given) as unknown) : undefined;
    });
  }
  watchCall("handleError", ([error]) => error);
  watchCall("handleReadyForQuery", () => {});
  return object;
}

/** Of a text, a configuration, pg's Query, a cursor, or a stream that has one. */
function textOf(statement: unknown): string {
  if (typeof statement === "string") {
    return statement;
  }
  if (typeof statement !== "object" || statement === null) {
    return "";
  }
  if ("text" in statement && typeof statement.text === "string") {
    return statement.text;
  }
  return "cursor" in statement ? textOf(statement.cursor) : "";
}

interface FoundCallback {
  readonly call: Callback;
  /** The same parameters with another callback. */
  replace(callback: Callback): unknown[];
}

/** pg takes a callback last, or in the configuration. */
function callbackAt(parameters: readonly unknown[]): FoundCallback | undefined {
  const index = parameters.findIndex((parameter) => typeof parameter === "function");
  if (index !== -1) {
    return { call: parameters[index] as Callback, replace: (callback) => parameters.with(index, callback) };
  }
  const [config, ...rest] = parameters;
  if (typeof config === "object" && config !== null && "callback" in config && typeof config.callback === "function") {
    return { call: config.callback as Callback, replace: (callback) => [{ ...config, callback }, ...rest] };
  }
  return undefined;
}
