import { codeOf } from "../transientErrors.ts";
import { type Queryable, onlyRow } from "./queryable.ts";

/**
 * Begins a transaction that may write, whatever the session's defaults are.
 * @param lockTimeoutMs how long one of its statements may wait for somebody's lock before it fails with 55P03. Default: as the
 * session has it.
 */
export async function begin(db: Queryable, lockTimeoutMs?: number): Promise<void> {
  const limit = lockTimeoutMs === undefined ? "" : `; set local lock_timeout = ${Math.round(lockTimeoutMs)}`;
  await db.query(`begin isolation level read committed read write${limit}`);
}

/** Makes the transaction durable. */
export async function commit(db: Queryable): Promise<void> {
  await db.query("commit");
}

/** Takes the transaction back. */
export async function rollback(db: Queryable): Promise<void> {
  await db.query("rollback");
}

// "transaction ID … is in the future": the server was set back to a state that never had it.
const UNKNOWN_TO_THE_SERVER = "22023";

/** How a transaction of another session ended; `null` if Postgres no longer knows. */
export async function transactionOutcome(
  db: Queryable,
  transaction: string,
): Promise<"committed" | "aborted" | "in progress" | null> {
  try {
    const { rows } = await db.query<{ outcome: "committed" | "aborted" | "in progress" | null }>(
      "select pg_catalog.pg_xact_status($1::text::xid8) as outcome",
      [transaction],
    );
    return onlyRow(rows).outcome;
  } catch (error) {
    if (codeOf(error) === UNKNOWN_TO_THE_SERVER) {
      return "aborted";
    }
    throw error;
  }
}

/**
 * Begins a transaction with a mark that stands until it ends and no longer: whoever else gets at the connection cannot
 * end it unnoticed ({@link isMarked}). Takes no snapshot, so that `set transaction` may still follow.
 */
export async function beginMarked(db: Queryable): Promise<void> {
  await db.query("begin; set local ratchet.transaction = 'open'");
}

/** Whether the transaction that {@link beginMarked} began is still the one that this statement is in. */
export async function isMarked(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ marked: boolean }>(
    "select coalesce(pg_catalog.current_setting('ratchet.transaction', true) = 'open', false) as marked",
  );
  return onlyRow(rows).marked;
}

/** Gives a transaction back the role and the durability that Ratchet's own statements need, whatever was set in it. */
export async function restoreOwnSettings(db: Queryable): Promise<void> {
  await db.query(
    `reset role; reset session authorization;
     select pg_catalog.set_config(
       'synchronous_commit',
       case when pg_catalog.current_setting('synchronous_commit') in ('off', 'local', 'remote_write') then 'on'
            else pg_catalog.current_setting('synchronous_commit') end,
       true)`,
  );
}

/** Undoes whatever the last transactions have left in the session: settings, temporary tables, cursors, LISTEN, locks. */
export async function forgetSession(db: Queryable): Promise<void> {
  await db.query(
    `close all; set session authorization default; reset all; unlisten *; discard temp; discard sequences;
     select pg_catalog.pg_advisory_unlock_all()`,
  );
}
