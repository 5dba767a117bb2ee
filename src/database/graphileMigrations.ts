import { Logger, runMigrations } from "graphile-worker";
import pg from "pg";

import type { Queryable } from "./calls/queryable.ts";

const UNDEFINED_TABLE = "42P01";

/**
 * The statements that graphile-worker's own migrations would run, without the borders of their transactions. `db` answers
 * what it asks meanwhile and is not changed; null stands for an empty database of the newest supported Postgres.
 */
export async function recordGraphileMigrations(db: Queryable | null, schema: string): Promise<string[]> {
  const statements: string[] = [];
  const query = async (statement: string | pg.QueryConfig, given?: unknown[]): Promise<unknown> => {
    const { text, values = given } = typeof statement === "string" ? { text: statement } : statement;
    if (/^\s*select (?!pg_notify)/v.test(text)) {
      return db === null ? answerAsEmpty(text) : db.query(text, values);
    }
    if (!["begin", "commit"].includes(text)) {
      statements.push(withValues(text, values));
    }
    return { rows: [] };
  };
  // runMigrations asks for a true pool with listeners; this one never connects.
  const pool = Object.assign(new pg.Pool().on("error", ignore).on("connect", ignore), {
    query,
    connect: () => Promise.resolve({ query, release() {} }),
  });
  const logger = new Logger(() => () => {});
  await runMigrations({ pgPool: pool as unknown as pg.Pool, logger, preset: { worker: { schema } } });
  return statements;
}

function ignore(): void {}

function answerAsEmpty(text: string): { rows: object[] } {
  if (text.includes("migrations")) {
    throw Object.assign(new Error("The empty database has no table of migrations."), { code: UNDEFINED_TABLE });
  }
  return { rows: [{ server_version_num: "180000" }] };
}

/** The statement with its parameters written out. */
function withValues(text: string, values: readonly unknown[] | undefined): string {
  return text.replaceAll(/\$(?<number>[1-9])(?!\d)/gv, (parameter, number: string) => {
    const value = values?.[Number(number) - 1];
    // In a text without values `$1` is part of a function's body.
    return value === undefined ? parameter : literalOf(value);
  });
}

function literalOf(value: unknown): string {
  return pg.escapeLiteral(Array.isArray(value) ? `{${value.join(",")}}` : String(value));
}
