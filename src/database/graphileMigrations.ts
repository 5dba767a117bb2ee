import { Logger, runMigrations } from "graphile-worker";
import pg from "pg";

import type { Queryable } from "./calls/queryable.ts";
import type { DatabaseLog } from "./log.ts";
import { noticeOurDeath } from "./ourDeath.ts";
import { schemasOf } from "./schemaNames.ts";

const UNDEFINED_TABLE = "42P01";

/** How graphile-worker tells its workers of a migration. */
const NOTICE = "select pg_notify($1, $2)";

/** Runs graphile-worker's own migrations in the pool's schema for it; fails with 55P03 where one waits for a lock too long. */
export async function runGraphileMigrations(pool: pg.Pool, log: DatabaseLog, lockTimeoutMs: number): Promise<void> {
  // What it tells of a normal run is of interest to nobody who did not ask.
  const levels = { error: "error", warning: "warn", info: "debug", debug: "debug" } as const;
  const logger = new Logger(() => (level, message, meta) => {
    log[levels[level]]({ ...meta, text: message }, "graphile-worker, migrating");
  });
  const { graphileWorker: schema } = schemasOf(pool);
  const pgPool = lent(pool, { lockTimeoutMs, withNotices: !(await isNew(pool, schema)) });
  await runMigrations({ pgPool, logger, preset: { worker: { schema } } });
}

async function isNew(db: Queryable, schema: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from pg_catalog.pg_class as table_found
       join pg_catalog.pg_namespace as schema_found on schema_found.oid = table_found.relnamespace
      where schema_found.nspname = $1::text and table_found.relname = 'migrations'`,
    [schema],
  );
  return rowCount === 0;
}

/**
 * graphile-worker 0.18 tells of a breaking migration on a channel that all its schemas in a database share, and its workers
 * end at that. In a new schema there is none to tell, but another Ratchet's would end: hence without notices.
 */
function lent(
  pool: pg.Pool,
  { lockTimeoutMs, withNotices }: { readonly lockTimeoutMs: number; readonly withNotices: boolean },
): pg.Pool {
  return poolWith(async () => {
    const client = await pool.connect();
    await client.query("select set_config('lock_timeout', $1, false)", [String(lockTimeoutMs)]);
    await noticeOurDeath(client);
    return {
      query: (statement, values) =>
        statement === NOTICE && !withNotices ? Promise.resolve({ rows: [] }) : client.query(statement, values),
      release: () => {
        // Not back into the pool, where others expect their own lock_timeout.
        client.release(true);
      },
    };
  });
}

interface GivenClient {
  readonly query: (statement: string | pg.QueryConfig, values?: unknown[]) => Promise<unknown>;
  readonly release: () => void;
}

/** runMigrations asks for a true pool with listeners; this one connects with `connect` only. */
function poolWith(connect: () => Promise<GivenClient>): pg.Pool {
  const pool = new pg.Pool().on("error", ignore).on("connect", ignore);
  return Object.assign(pool, { connect: connect as pg.Pool["connect"] });
}

/**
 * The statements that graphile-worker's own migrations would run, without the borders of their transactions. `db` answers
 * what it asks meanwhile and is not changed; null stands for an empty database of the newest supported Postgres.
 */
export async function recordGraphileMigrations(db: Queryable | null, schema: string): Promise<string[]> {
  const statements: string[] = [];
  const isFirst = db === null || (await isNew(db, schema));
  const query = async (statement: string | pg.QueryConfig, given?: unknown[]): Promise<unknown> => {
    const { text, values = given } = typeof statement === "string" ? { text: statement } : statement;
    if (/^\s*select (?!pg_notify)/v.test(text)) {
      return db === null ? answerAsEmpty(text) : db.query(text, values);
    }
    // What a pg_notify is for, withoutNotices says.
    if (!["begin", "commit"].includes(text) && !(isFirst && text === NOTICE)) {
      statements.push(withValues(text, values));
    }
    return { rows: [] };
  };
  const pgPool = poolWith(() => Promise.resolve({ query, release: ignore }));
  const logger = new Logger(() => ignore);
  await runMigrations({ pgPool, logger, preset: { worker: { schema } } });
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
