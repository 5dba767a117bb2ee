import { setTimeout as sleep } from "node:timers/promises";
import { begin, commit, rollback, transactionOutcome } from "../database/calls/transactions.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { isAnswerLost, isRepeatRequest } from "../database/transientErrors.ts";
import { isRatchetError, RatchetError } from "../errors/ratchetError.ts";
import type { Connections } from "./connections.ts";

/** What the work inside a transaction resolves to. */
export interface Written<Result> {
  readonly result: Result;
  /** The transaction's number, as `addJobs` gives it. */
  readonly transaction: string;
}

/** What {@link inKnownTransaction} takes. */
export interface KnownTransactionOptions {
  readonly connections: Connections;
  /** What is being added, for an error message: `3 jobs`. */
  readonly what: string;
  /** See `begin`. */
  readonly lockTimeoutMs?: number | undefined;
  /** How long to ask how a lost transaction ended. Default: 10 s. */
  readonly askForMs?: number | undefined;
}

const MOST_REPEATS = 10;
const MOST_LOSSES = 2;
const ASK_EVERY_MS = 200;
const ASK_FOR_MS = 10_000;

/**
 * Runs `work` in a transaction of its own and commits it. Deadlocks and serialization failures are repeated. When the
 * connection breaks, Postgres is asked over another one how the transaction ended: what was committed counts as done, what was
 * rolled back is repeated. So whatever is thrown here except RT125 means that nothing was written.
 * @throws {RatchetError} RT125 if Postgres could not be asked in time.
 */
export async function inKnownTransaction<Result>(
  options: KnownTransactionOptions,
  work: (db: Queryable) => Promise<Written<Result>>,
): Promise<Result> {
  let losses = 0;
  for (let repeats = 0; ;) {
    const attempt = await tryOnce(options, work);
    if (attempt.outcome === "committed") {
      return attempt.result;
    }
    if (isRepeatRequest(attempt.error) && repeats < MOST_REPEATS) {
      repeats++;
      // At random, or two that met will meet again.
      await sleep(Math.random() * 10 * 2 ** Math.min(repeats, 5));
    } else if (attempt.isLost && losses < MOST_LOSSES) {
      // A pool keeps connections that died while idle, after a failover for example.
      losses++;
    } else {
      throw attempt.error;
    }
  }
}

type Attempt<Result> =
  | { readonly outcome: "committed"; readonly result: Result }
  | { readonly outcome: "nothing written"; readonly error: unknown; readonly isLost: boolean };

async function tryOnce<Result>(
  options: KnownTransactionOptions,
  work: (db: Queryable) => Promise<Written<Result>>,
): Promise<Attempt<Result>> {
  const { db, release } = await options.connections.connect();
  let written: Written<Result> | undefined;
  try {
    await begin(db, options.lockTimeoutMs);
    written = await work(db);
    await commit(db);
    release(false);
    return { outcome: "committed", result: written.result };
  } catch (error) {
    // An error of our own was thrown here, not by the connection.
    const isLost = !isRatchetError(error) && isAnswerLost(error);
    const isClean = !isLost && (await rollback(db).then(yes, no));
    release(!isClean);
    if (isLost && written !== undefined && (await isCommitted(options, written.transaction, error))) {
      return { outcome: "committed", result: written.result };
    }
    return { outcome: "nothing written", error, isLost };
  }
}

const yes = (): boolean => true;
const no = (): boolean => false;

async function isCommitted(
  { connections, what, askForMs = ASK_FOR_MS }: KnownTransactionOptions,
  transaction: string,
  cause: unknown,
): Promise<boolean> {
  const deadlineMs = performance.now() + askForMs;
  for (;;) {
    const outcome = await transactionOutcome(connections.db, transaction).catch(() => "in progress" as const);
    if (outcome === "committed" || outcome === "aborted") {
      return outcome === "committed";
    }
    if (outcome === null || performance.now() > deadlineMs) {
      const whatHappened = `The connection was lost while ${what} ${what.startsWith("1 ") ? "was" : "were"} being added`;
      throw new RatchetError(
        "RT125",
        outcome === null
          ? `${whatHappened}, and Postgres no longer knows how that ended.`
          : `${whatHappened}, and in ${askForMs / 1000} s Postgres could not be asked how that ended.`,
        { cause },
      );
    }
    await sleep(ASK_EVERY_MS);
  }
}
