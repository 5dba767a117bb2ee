import type pg from "pg";

import { defineJob } from "../../src/definition/defineJob.ts";
import type { TestDatabase } from "../support/database.ts";
import { createDatabaseOnOwnServer } from "../support/ownServer.ts";

/** The job whose cost is counted. */
export const five = defineJob()
  .task("one", () => 1)
  .task("two", () => 2)
  .task("three", () => 3)
  .task("four", () => 4)
  .task("five", () => 5);

/** What some work has cost Postgres. */
export interface StatementCost {
  /** Statements that were sent. */
  readonly statements: number;
  /** Statements that functions and triggers ran inside of them, but for the foreign keys' checks, of which there is one a row. */
  readonly inside: number;
  /** Transactions that wrote anything, those of other sessions included. */
  readonly commits: number;
}

/** A database on a server that counts statements. */
export interface StatementCounter {
  readonly database: TestDatabase;
  /** Counts what happens while `work` is done. */
  count(work: () => Promise<unknown>): Promise<StatementCost>;
  /** How often statements with this text were sent since the last count began. */
  sent(text: string): Promise<number>;
  /** How often functions and triggers ran such statements inside. */
  ranInside(text: string): Promise<number>;
}

// They tell themselves by this word.
const OWN = "/* counting */";

/** Starts a server that counts statements. */
export async function createStatementCounter(): Promise<StatementCounter> {
  const database = await createDatabaseOnOwnServer({
    shared_preload_libraries: "pg_stat_statements",
    "pg_stat_statements.track": "all",
  });
  const { pool } = database;
  await pool.query("create extension pg_stat_statements schema public");
  return {
    database,
    async count(work) {
      await pool.query(`select public.pg_stat_statements_reset() ${OWN}`);
      const before = await nextTransaction(pool);
      await work();
      const commits = (await nextTransaction(pool)) - before;
      const { rows } = await pool.query<{ statements: number; inside: number }>(
        `select coalesce(sum(calls) filter (where toplevel), 0)::int as statements,
           coalesce(sum(calls) filter (where not toplevel and query not like 'SELECT 1 FROM ONLY%'), 0)::int as inside
         from public.pg_stat_statements where query not like '%${OWN}%'`,
      );
      return { statements: rows[0]?.statements ?? 0, inside: rows[0]?.inside ?? 0, commits };
    },
    sent: (text) => calls(pool, text, true),
    ranInside: (text) => calls(pool, text, false),
  };
}

async function calls(pool: pg.Pool, text: string, isSent: boolean): Promise<number> {
  const { rows } = await pool.query<{ calls: number }>(
    `select coalesce(sum(calls), 0)::int as calls from public.pg_stat_statements
     where toplevel = $2 and query not like '%${OWN}%' and position($1 in query) > 0 ${OWN}`,
    [text, isSent],
  );
  return rows[0]?.calls ?? 0;
}

/** The number that the next transaction that writes will get: one that only reads has none. */
async function nextTransaction(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ next: string }>(
    `select pg_snapshot_xmax(pg_current_snapshot())::text as next ${OWN}`,
  );
  return Number(rows[0]?.next);
}
