import type pg from "pg";
import type { Queryable } from "../database/calls/queryable.ts";
import { begin, commit, rollback } from "../database/calls/transactions.ts";

/** Lends `work` a connection of its own. */
export async function withClient<Result>(pool: pg.Pool, work: (client: Queryable) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

/** Runs `work` in one transaction of this connection; what it throws takes all of it back. */
export async function inTransaction<Result>(client: Queryable, work: () => Promise<Result>): Promise<Result> {
  await begin(client);
  try {
    const result = await work();
    await commit(client);
    return result;
  } catch (error) {
    await rollback(client);
    throw error;
  }
}
