import type pg from "pg";
import { inject } from "vitest";

import { createPool } from "../../src/database/pool.ts";
import { withAdmin, withDatabase } from "./databases.ts";
import { TEST_SCHEMAS } from "./schemas.ts";

/** A database of one test file or test. */
export interface TestDatabase {
  readonly url: string;
  /** Set up like the engine's, with the names of {@link TEST_SCHEMAS}. */
  readonly pool: pg.Pool;
  /** Closes the pool and drops the database, ending whatever sessions are left in it. Safe to call twice. */
  drop(): Promise<void>;
}

// Clones of one template wait for each other inside Postgres for 5 s at most, then fail with 55006.
const CLONE_TRIES = 20;
const OBJECT_IN_USE = "55006";

let counter = 0;

/** A database with the whole schema, cloned from the run's template (10 to 25 ms in memory). */
export function createTestDatabase(): Promise<TestDatabase> {
  return create(`${inject("testDatabasePrefix")}template`);
}

/** A database with nothing in it, for tests of the migrator. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return create("template0");
}

async function create(template: string): Promise<TestDatabase> {
  const serverUrl = inject("testServerUrl");
  const name = `${inject("testDatabasePrefix")}${process.pid}_${++counter}`;
  await withAdmin(serverUrl, async (client) => {
    for (let tries = 1; ; tries++) {
      try {
        await client.query(`create database ${name} template ${template} encoding 'UTF8'`);
        return;
      } catch (error) {
        if (tries >= CLONE_TRIES || (error as { code?: unknown }).code !== OBJECT_IN_USE) {
          throw error;
        }
      }
    }
  });
  const url = withDatabase(serverUrl, name);
  const pool = createPool({ connectionString: url, applicationName: "ratchet-test", schemas: TEST_SCHEMAS });
  let dropped: Promise<void> | undefined;
  const drop = async (): Promise<void> => {
    await pool.end();
    await withAdmin(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
  };
  return {
    url,
    pool,
    drop() {
      dropped ??= drop();
      return dropped;
    },
  };
}
