import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { endBackend } from "../database/calls/backends.ts";
import { type CompletedEnd, isTaskCompleted, writeEndInTransaction } from "../database/calls/checkpoints.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { beginMarked, restoreOwnSettings, rollback } from "../database/calls/transactions.ts";
import { resetSession } from "../database/pool.ts";
import { type SchemaNames, inSchemas } from "../database/schemaNames.ts";
import { isAnswerLost, isLimitOfRole, isRepeatRequest, troubleOf } from "../database/transientErrors.ts";
import { isRatchetError } from "../errors/ratchetError.ts";
import type { EventHub } from "../telemetry/events.ts";
import { LetGo, lostClaim } from "./attempt.ts";
import { type LentClient, lendClient } from "./lentClient.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import { refusedResult } from "./resultText.ts";
import { ownOrder, readTrouble, transactionEnded } from "./transactionTrouble.ts";

/** A transaction task without a time-out of its own ends after this, because it holds a connection and maybe locks. */
export const TRANSACTION_TIMEOUT_MS = 60_000;

const MOST_REPEATS = 10;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/** What {@link runInTransaction} takes. */
export interface TransactionTaskOptions {
  /** The task's name, for the texts of errors. */
  readonly task: string;
  readonly transactionPool: pg.Pool;
  /**
   * Waits for one of as many turns as the pool has connections, and gives what ends it: whoever waits in the pool itself is
   * turned away after its time-out.
   */
  readonly takeTurn: () => Promise<() => void>;
  /** For questions about a lost COMMIT: all connections of the other pool may be waiting for the answer to that. */
  readonly pool: pg.Pool;
  readonly schemas: SchemaNames;
  readonly workerId: number;
  /** Runs the handler with this client and takes it back; resolves to the task's end. */
  readonly run: (lent: Pick<LentClient, "client" | "takeBack">) => Promise<CompletedEnd>;
  /** Asked before a repeat, and when the checkpoint was refused. @throws {LetGo} `lost` if a newer fence stands on the task. */
  readonly demandClaim: () => Promise<void>;
  readonly events: EventHub;
  readonly signal: AbortSignal;
}

/** How a transaction task ended: its end, and whether the plan was changed meanwhile. */
export interface CommittedEnd {
  readonly end: CompletedEnd;
  readonly stop: boolean;
}

/**
 * Runs a handler in the transaction that also writes its task's end, so that its database effects happen exactly once. A
 * serialization failure, a deadlock and a lost connection run it again, uncounted, ten times at most.
 * @throws what the handler throws, after ROLLBACK; {@link LetGo} `lost` if a newer fence stands on the task; RT141, RT143.
 */
export async function runInTransaction(options: TransactionTaskOptions): Promise<CommittedEnd> {
  const { signal, demandClaim, takeTurn } = options;
  for (let repeats = 0; ; repeats++) {
    const endTurn = await takeTurn();
    try {
      return await tryOnce(options, endTurn);
    } catch (error) {
      endTurn();
      if (error instanceof LetGo && error.kind === "lost" && !signal.aborted) {
        await demandClaim();
        throw ownOrder(options.task);
      }
      const mayRepeat = isRepeatRequest(error) || error instanceof TransactionLost;
      if (!mayRepeat || signal.aborted) {
        throw error instanceof TransactionLost ? error.cause : error;
      }
      if (repeats === MOST_REPEATS) {
        throw exhausted(error);
      }
    }
    // Two that failed on each other shall not meet again at once.
    await sleep(Math.min(FIRST_PAUSE_MS * 2 ** repeats, LONGEST_PAUSE_MS) * (0.5 + Math.random()), undefined, {
      signal,
    });
    await demandClaim();
  }
}

/** The connection broke, and the transaction is known not to have happened. Its cause is what was thrown then. */
class TransactionLost extends Error {}

function exhausted(error: unknown): Error {
  const cause = error instanceof TransactionLost ? error.cause : error;
  return new Error(`The transaction was rolled back and repeated ${MOST_REPEATS} times in vain`, { cause });
}

async function tryOnce(options: TransactionTaskOptions, endTurn: () => void): Promise<CommittedEnd> {
  const { task, transactionPool, pool, schemas, workerId, run, events, signal } = options;
  const client = await repeatUntilAnswered(() => transactionPool.connect(), {
    call: "connect for a transaction task",
    events,
    signal,
  });
  const db = inSchemas(client, schemas);
  const lent = lendClient(client, task);
  let lastWord: unknown;
  // What ends a session that is not asked anything, such as the role's time limit, is told as an event.
  const hear = (error: Error): void => {
    lastWord ??= error;
  };
  client.on("error", hear);
  let isOpen = false;
  let isUsable = false;
  try {
    await beginMarked(db);
    isOpen = true;
    const end = await run(lent).finally(() => {
      void lent.takeBack();
    });
    const { stop } = await writeEnd(db, lent, workerId, end, task);
    isOpen = false;
    await commit(client, pool, end, { call: "ask after a COMMIT", events, signal });
    isUsable = true;
    return { end, stop };
  } catch (error_) {
    if (lent.isBusy()) {
      // A handler that was cut off left a statement running, and maybe locks: ROLLBACK would wait for it.
      await endBackend(pool, lent.processId).catch(() => {});
      throw error_;
    }
    const error = isOpen ? await readTrouble({ thrown: error_, db, lent, task }) : error_;
    isUsable = await rollBack(client);
    if (isUsable || isOwnVerdict(error)) {
      throw error;
    }
    for (const word of [lastWord, lent.failure()]) {
      if (isLimitOfRole(word)) {
        throw word;
      }
    }
    throw new TransactionLost("The connection broke", { cause: error });
  } finally {
    client.off("error", hear);
    void giveBack(client, isUsable && !lent.hasPrepared()).finally(endTurn);
  }
}

/** The next task must not meet what this one has left in the session. Its end need not wait for that. */
async function giveBack(client: pg.PoolClient, isUsable: boolean): Promise<void> {
  try {
    if (isUsable) {
      await resetSession(client);
    }
    client.release(!isUsable);
  } catch {
    client.release(true);
  }
}

async function writeEnd(
  db: Queryable,
  lent: LentClient,
  workerId: number,
  end: CompletedEnd,
  task: string,
): Promise<{ readonly stop: boolean }> {
  if (lent.hasSetSettings()) {
    await restoreOwnSettings(db);
  }
  const answer = await writeEndInTransaction(db, workerId, end).catch((error: unknown) => {
    throw troubleOf(error) === "value refused" ? refusedResult(error) : error;
  });
  if (answer === null) {
    throw transactionEnded(task);
  }
  if (answer.outcome !== "written") {
    throw lostClaim();
  }
  return answer;
}

/** What stands whatever has become of the connection: a time-out, a result that cannot be stored, the order to let go. */
function isOwnVerdict(error: unknown): boolean {
  return error instanceof TransactionLost || error instanceof LetGo || isRatchetError(error);
}

async function rollBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await rollback(client);
    return true;
  } catch {
    return false;
  }
}

/** Returns when the COMMIT has happened; when its answer is lost, the row tells. */
async function commit(
  client: pg.PoolClient,
  pool: pg.Pool,
  end: CompletedEnd,
  repeatOptions: Parameters<typeof repeatUntilAnswered>[1],
): Promise<void> {
  try {
    await client.query("commit");
  } catch (error) {
    if (!isAnswerLost(error)) {
      throw error;
    }
    if (!(await repeatUntilAnswered(() => isTaskCompleted(pool, end), repeatOptions))) {
      throw new TransactionLost("The COMMIT got lost", { cause: error });
    }
  }
}
