import type { Queryable } from "../database/calls/queryable.ts";
import { isMarked } from "../database/calls/transactions.ts";
import { codeOf, isRepeatRequest } from "../database/transientErrors.ts";
import { isNonRetryableError, isRetryLaterError } from "../errors/handlerErrors.ts";
import { RatchetError, isRatchetError } from "../errors/ratchetError.ts";
import { LetGo } from "./attempt.ts";
import { IN_FAILED_TRANSACTION, type LentClient } from "./lentClient.ts";

/** What {@link readTrouble} takes. */
export interface TransactionTrouble {
  /** What the handler or Ratchet's own statements threw. */
  readonly thrown: unknown;
  readonly db: Queryable;
  readonly lent: Pick<LentClient, "failure">;
  /** The task's name, for the texts of errors. */
  readonly task: string;
}

/**
 * What really went wrong: a handler may have wrapped or swallowed what Postgres said first, or have ended the transaction
 * before it threw.
 */
export async function readTrouble({ thrown, db, lent, task }: TransactionTrouble): Promise<unknown> {
  const mark = await askForMark(db);
  if (mark === "gone") {
    return isRatchetError(thrown) && thrown.code === "RT141" ? thrown : transactionEnded(task, thrown);
  }
  const failure = lent.failure();
  if (mark === "in failed transaction" && isRepeatRequest(failure) && !isDecided(thrown)) {
    return failure;
  }
  return codeOf(thrown) === IN_FAILED_TRANSACTION ? transactionFailed(task, failure ?? thrown) : thrown;
}

/** By a statement, because what pg knows of the transaction is older than the error it has just thrown. */
async function askForMark(db: Queryable): Promise<"there" | "gone" | "in failed transaction" | "unknown"> {
  try {
    return (await isMarked(db)) ? "there" : "gone";
  } catch (error) {
    return codeOf(error) === IN_FAILED_TRANSACTION ? "in failed transaction" : "unknown";
  }
}

/** Thrown on purpose, by the handler or by Ratchet. */
function isDecided(thrown: unknown): boolean {
  return thrown instanceof LetGo || isNonRetryableError(thrown) || isRetryLaterError(thrown) || isOwnTimeOut(thrown);
}

function isOwnTimeOut(thrown: unknown): boolean {
  return isRatchetError(thrown) && (thrown.code === "RT119" || thrown.code === "RT138");
}

/** RT141, for a transaction that is not the task's any more. */
export function transactionEnded(task: string, cause?: unknown): RatchetError {
  return new RatchetError(
    "RT141",
    `The transaction of "${task}" ended before its handler did; what the handler had written until then may be committed.`,
    cause === undefined ? {} : { cause },
  );
}

/** RT143, for a failed statement after which the handler went on. */
function transactionFailed(task: string, failure: unknown): RatchetError {
  return new RatchetError(
    "RT143",
    `A statement of "${task}" failed, and Postgres does nothing more in its transaction`,
    { cause: failure },
  );
}

/** RT152, for a fence that nobody but the task's own transaction has raised. */
export function ownOrder(task: string): RatchetError {
  return new RatchetError(
    "RT152",
    `The handler of "${task}" changed its own job in its transaction, so that its end cannot be written there.`,
  );
}
