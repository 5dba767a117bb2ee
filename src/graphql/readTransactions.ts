import type pg from "pg";
import type { WithPgClient } from "postgraphile/@dataplan/pg";
import { makePgAdaptorWithPgClient, makeWithPgClientViaPgClientAlreadyInTransaction } from "postgraphile/adaptors/pg";
import { beginWith } from "../database/calls/requestSettings.ts";
import { commit, rollback } from "../database/calls/transactions.ts";

/**
 * Runs what only reads in transactions of two round trips: begin and settings in one, then the query, and nobody waits for
 * the commit. PostGraphile's own makes four.
 */
export function createReadTransactions(pool: pg.Pool): WithPgClient {
  const withoutSettings = makePgAdaptorWithPgClient(pool);
  return async (pgSettings, callback) => {
    const settings = definedOf(pgSettings ?? {});
    if (Object.keys(settings).length === 0) {
      return withoutSettings(null, callback);
    }
    const client = await pool.connect();
    try {
      // A query must never be on its way before Postgres has said that its role and tenant are set.
      await beginWith(client, settings);
      const result = await makeWithPgClientViaPgClientAlreadyInTransaction(client, true)(null, callback);
      void release(client, commit(client));
      return result;
    } catch (error) {
      await release(client, rollback(client));
      throw error;
    }
  };
}

/** Gives a connection back when its transaction has ended; one whose transaction has not is closed. */
async function release(client: pg.PoolClient, ended: Promise<void>): Promise<void> {
  try {
    await ended;
    client.release();
  } catch {
    client.release(true);
  }
}

function definedOf(settings: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
