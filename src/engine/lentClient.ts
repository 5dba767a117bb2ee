import type pg from "pg";
import type { TransactionClient } from "../definition/taskContext.ts";

/** A connection that a handler may use until it is taken back. */
export interface LentClient {
  readonly client: TransactionClient;
  /** Of the server process. */
  readonly processId: number | null;
  /** Whether a statement of the handler's is still unanswered. */
  isBusy(): boolean;
  /** Refuses every later statement: a handler that goes on after its end must not meet the next task on its connection. */
  readonly takeBack: () => void;
}

/** Lends a connection out. */
export function lendClient(client: pg.PoolClient): LentClient {
  let isTakenBack = false;
  let unanswered = 0;

  function query(...parameters: unknown[]): unknown {
    if (isTakenBack) {
      const refusal = Promise.reject(
        new Error("The transaction of this task has ended; its client cannot be used any more."),
      );
      // A handler that was cut off may wait for nothing any more; that must not end the process.
      refusal.catch(() => {});
      return refusal;
    }
    const answer: unknown = (client.query as (...values: unknown[]) => unknown)(...parameters);
    if (answer instanceof Promise) {
      unanswered++;
      answer
        .finally(() => {
          unanswered--;
        })
        .catch(() => {});
    }
    return answer;
  }

  return {
    client: { query: query as TransactionClient["query"] },
    processId: (client as pg.PoolClient & { readonly processID?: number }).processID ?? null,
    isBusy: () => unanswered > 0,
    takeBack: () => {
      isTakenBack = true;
    },
  };
}
