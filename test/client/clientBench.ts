import pg from "pg";
import { afterAll, afterEach, beforeAll } from "vitest";
import { z } from "zod";

import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { createRatchet, defineJob, type Ratchet, type RatchetOptions } from "../../src/index.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

/** One task, any payload. */
export const single = defineJob({ identifier: "single" }).task("one", () => "done");

/** A task and one per image, with a schema that says what it takes. */
export const publish = defineJob({
  identifier: "publish",
  payload: z.object({ title: z.string().min(1), images: z.array(z.string()), price: z.number().default(1) }),
  retry: { maxAttempts: 1 },
})
  .task("validate", ({ payload }) => ({ title: payload.title }))
  .forEach("upload", "images", ({ input }) => ({ url: `https://cdn/${input}` }));

/** A database for the file with these definitions, and clients that are closed after each test. */
export function createClientBench() {
  let database: TestDatabase | undefined;
  const clients: Ratchet[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    const rows = [definitionRow("single", single), definitionRow("publish", publish)];
    await registerDefinitions(database.pool, rows, true);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  afterAll(() => database?.drop());

  function theDatabase(): TestDatabase {
    if (database === undefined) {
      throw new Error("The database is made before the first test.");
    }
    return database;
  }

  return {
    database: theDatabase,
    schemas: TEST_SCHEMAS,
    /** A client of this file's database, over a pool of its own unless told otherwise. */
    client(options: RatchetOptions = {}): Ratchet {
      const where = options.pool === undefined ? { connectionString: theDatabase().url } : {};
      const client = createRatchet({ schemas: TEST_SCHEMAS, ...where, ...options });
      clients.push(client);
      return client;
    },
    /** All rows of a query. */
    async rows<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
      return (await theDatabase().pool.query<Row>(text, [...values])).rows;
    },
  };
}

/** Whatever a promise is rejected with; fails if it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}

/** A pool as a service has it: nothing of Ratchet's about it. */
export function asRawPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString });
  pool.on("error", () => {});
  return pool;
}
