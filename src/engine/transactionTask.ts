import type pg from "pg";
import { type CompletedEnd, isTaskCompleted, writeCheckpoints } from "../database/calls/checkpoints.ts";
import { endBackend } from "../database/calls/workers.ts";
import { type SchemaNames, inSchemas } from "../database/schemaNames.ts";
import { isAnswerLost, isRepeatRequest, troubleOf } from "../database/transientErrors.ts";
import type { TransactionClient } from "../definition/taskContext.ts";
import { isRatchetError } from "../errors/ratchetError.ts";
import type { EventHub } from "../telemetry/events.ts";
import { LetGo, lostClaim } from "./attempt.ts";
import { lendClient } from "./lentClient.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import { refusedResult } from "./resultText.ts";

/** A transaction task without a time-out of its own ends after this, because it holds a connection and maybe locks. */
export const TRANSACTION_TIMEOUT_MS = 60_000;

const MOST_REPEATS = 10;

/** What {@link runInTransaction} takes. */
export interface TransactionTaskOptions {
  /** Its size limits how many transaction tasks run at once. */
  readonly transactionPool: pg.Pool;
  /** For questions about a lost COMMIT: all connections of the other pool may be waiting for the answer to that. */
  readonly pool: pg.Pool;
  readonly schemas: SchemaNames;
  readonly workerId: number;
  /** Runs the handler with this client; resolves to the task's end. */
  readonly run: (client: TransactionClient) => Promise<CompletedEnd>;
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
 * @throws what the handler throws, after ROLLBACK; {@link LetGo} `lost` if a newer fence stands on the task.
 */
export async function runInTransaction(options: TransactionTaskOptions): Promise<CommittedEnd> {
  for (let repeats = 0; ; repeats++) {
    try {
      return await tryOnce(options);
    } catch (error) {
      const mayRepeat = isRepeatRequest(error) || error instanceof TransactionLost;
      if (!mayRepeat || repeats === MOST_REPEATS || options.signal.aborted) {
        throw error instanceof TransactionLost ? error.cause : error;
      }
    }
  }
}

/** The connection broke, and the transaction is known not to have happened. Its cause is what was thrown then. */
class TransactionLost extends Error {}

async function tryOnce(options: TransactionTaskOptions): Promise<CommittedEnd> {
  const { transactionPool, pool, schemas, workerId, run, events, signal } = options;
  const client = await repeatUntilAnswered(() => transactionPool.connect(), {
    call: "connect for a transaction task",
    events,
    signal,
  });
  const lent = lendClient(client);
  let isUsable = false;
  try {
    await client.query("begin");
    const end = await run(lent.client).finally(lent.takeBack);
    const [answer] = await writeCheckpoints(inSchemas(client, schemas), workerId, [end]).catch((error: unknown) => {
      throw troubleOf(error) === "value refused" ? refusedResult(error) : error;
    });
    if (answer?.outcome !== "written") {
      throw lostClaim();
    }
    await commit(client, pool, end, { call: "ask after a COMMIT", events, signal });
    isUsable = true;
    return { end, stop: answer.stop };
  } catch (error) {
    if (lent.isBusy()) {
      // A handler that was cut off left a statement running, and maybe locks: ROLLBACK would wait for it.
      await endBackend(pool, lent.processId).catch(() => {});
    } else {
      isUsable = await rollBack(client);
      if (!isUsable && !isOwnVerdict(error)) {
        throw new TransactionLost("The connection broke", { cause: error });
      }
    }
    throw error;
  } finally {
    client.release(!isUsable);
  }
}

/** What stands whatever has become of the connection: a time-out, a result that cannot be stored, the order to let go. */
function isOwnVerdict(error: unknown): boolean {
  return error instanceof TransactionLost || error instanceof LetGo || isRatchetError(error);
}

async function rollBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query("rollback");
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
