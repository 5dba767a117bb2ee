import type pg from "pg";
import type { CompletedEnd } from "../database/calls/checkpoints.ts";
import { isTaskCompleted, writeCheckpoints } from "../database/calls/checkpoints.ts";
import { isRepeatRequest } from "../database/transientErrors.ts";
import type { TransactionClient } from "../definition/taskContext.ts";
import type { EventHub } from "../telemetry/events.ts";
import { LetGo } from "./attempt.ts";
import { repeatUntilAnswered } from "./repeat.ts";

/** A transaction task without a time-out of its own ends after this, because it holds a connection and maybe locks. */
export const TRANSACTION_TIMEOUT_MS = 60_000;

const MOST_REPEATS = 10;

/** What {@link runInTransaction} takes. */
export interface TransactionTaskOptions {
  /** Its size limits how many transaction tasks run at once. */
  readonly pool: pg.Pool;
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
 * serialization failure or deadlock runs it again, uncounted.
 * @throws what the handler throws, after ROLLBACK; {@link LetGo} `lost` if a newer fence stands on the task.
 */
export async function runInTransaction(options: TransactionTaskOptions): Promise<CommittedEnd> {
  for (let repeats = 0; ; repeats++) {
    try {
      const committed = await tryOnce(options);
      if (committed !== null) {
        return committed;
      }
    } catch (error) {
      if (!isRepeatRequest(error) || repeats === MOST_REPEATS || options.signal.aborted) {
        throw error;
      }
    }
  }
}

/** `null`: the transaction did not happen, and may be run again. */
async function tryOnce({ pool, workerId, run, events, signal }: TransactionTaskOptions): Promise<CommittedEnd | null> {
  const client = await repeatUntilAnswered(() => pool.connect(), { call: "connect for a transaction task", events, signal });
  let isBroken = true;
  try {
    await client.query("begin");
    const end = await run({ query: client.query.bind(client) as TransactionClient["query"] });
    const [answer] = await writeCheckpoints(client, workerId, [end]);
    if (answer?.outcome !== "written") {
      throw new LetGo("lost", "a newer claim or order stands on the task");
    }
    const isCommitted = await commit(client, pool, end, { call: "ask after a COMMIT", events, signal });
    isBroken = false;
    return isCommitted ? { end, stop: answer.stop } : null;
  } catch (error) {
    isBroken = await client.query("rollback").then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    // A handler that is still using the connection must not meet the next task on it.
    client.release(isBroken || signal.aborted);
  }
}

/** Whether the COMMIT happened; when its answer is lost, the row tells. */
async function commit(
  client: pg.PoolClient,
  pool: pg.Pool,
  end: CompletedEnd,
  repeatOptions: Parameters<typeof repeatUntilAnswered>[1],
): Promise<boolean> {
  try {
    await client.query("commit");
    return true;
  } catch (error) {
    if (isRepeatRequest(error)) {
      throw error;
    }
    return repeatUntilAnswered(() => isTaskCompleted(pool, end), repeatOptions);
  }
}
