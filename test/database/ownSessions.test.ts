import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";

import { demandOwnSessions } from "../../src/database/ownSessions.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

/** Real sessions, whose clients were told another process id, as a pooler does. */
function pooled(): pg.Pool {
  return {
    connect: async () => {
      const client = await database.pool.connect();
      return {
        processID: 1,
        query: (text: string) => client.query(text),
        release: () => {
          client.release();
        },
      };
    },
  } as unknown as pg.Pool;
}

test("a direct connection passes, and nothing more is asked", async () => {
  const detect = (): never => {
    throw new Error("asked");
  };
  await expect(demandOwnSessions(database.pool, database.url, detect)).resolves.toBeUndefined();
});

test("a pooler that keeps sessions passes", async () => {
  await expect(demandOwnSessions(pooled(), database.url)).resolves.toBeUndefined();
});

test("a pooler that gives them away is refused", async () => {
  const detect = (): Promise<"transaction pooler"> => Promise.resolve("transaction pooler");
  await expect(demandOwnSessions(pooled(), database.url, detect)).rejects.toMatchObject({ code: "RT145" });
});
