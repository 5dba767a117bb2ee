import { randomBytes } from "node:crypto";
import { threadId } from "node:worker_threads";
import type pg from "pg";
import {
  TEST_DATABASE_PREFIX,
  TEST_RUN_PREFIX,
  createDatabase,
  databasesOfDeadRuns,
  dropDatabase,
  hasDatabase,
  renameDatabase,
} from "../../database/calls/testDatabases.ts";
import { checkDatabase } from "../../database/connectionCheck.ts";
import { migrate } from "../../database/migrator.ts";
import { createPool } from "../../database/pool.ts";
import { codeOf } from "../../database/transientErrors.ts";
import { RatchetError } from "../../errors/ratchetError.ts";
import { createAdminPool, withDatabase } from "./adminPool.ts";
import { createCloner } from "./cloner.ts";
import { contentHash } from "./contentHash.ts";
import type { TestServer } from "./testServer.ts";

const DUPLICATE_DATABASE = "42P04";
const UNIQUE_VIOLATION = "23505";
const INSUFFICIENT_PRIVILEGE = "42501";

/** A server that somebody else runs, and where its address came from, for the errors. */
export interface GivenServerOptions {
  readonly url: string;
  readonly from: "databaseUrl" | "RATCHET_TEST_DATABASE_URL";
}

/**
 * Uses a server that outlives the tests. The migrated template stays there for the next runs, one for each version of the
 * schema; what runs that were killed have left is dropped.
 */
export async function useGivenServer({ url, from }: GivenServerOptions): Promise<TestServer> {
  if (!URL.canParse(url)) {
    throw new RatchetError(
      "RT110",
      `${from} is no connection string such as postgres://user:password@host:5432/postgres.`,
    );
  }
  const run = `${process.pid}_${threadId}_${randomBytes(5).toString("hex")}`;
  const admin = createAdminPool(url, `${TEST_RUN_PREFIX}${run}`);
  try {
    await checkDatabase(admin);
    for (const name of await databasesOfDeadRuns(admin)) {
      await dropDatabase(admin, name);
    }
    const template = await ensureTemplate(admin, url, run);
    const cloner = createCloner({ admin, url, template, prefix: `${TEST_DATABASE_PREFIX}${run}_`, isInMemory: false });
    return {
      createDatabase: () =>
        cloner.createDatabase().catch((error: unknown) => {
          throw withoutRight(error, from);
        }),
    };
  } catch (error) {
    await admin.end();
    throw withoutRight(error, from);
  }
}

function withoutRight(error: unknown, from: GivenServerOptions["from"]): unknown {
  return codeOf(error) === INSUFFICIENT_PRIVILEGE
    ? new RatchetError("RT103", `The role of ${from} may not create databases, and each test has one of its own.`, {
        hint: "Run `alter role <name> createdb` as a superuser, or give another role.",
        cause: error,
      })
    : error;
}

/** It appears under its name only when it is whole, so that two runs which make it at once do no harm. */
async function ensureTemplate(admin: pg.Pool, url: string, run: string): Promise<string> {
  const template = `${TEST_DATABASE_PREFIX}template_${contentHash()}`;
  if (await hasDatabase(admin, template)) {
    return template;
  }
  const draft = `${TEST_DATABASE_PREFIX}${run}_draft`;
  await createDatabase(admin, draft, "template0");
  const pool = createPool({ connectionString: withDatabase(url, draft), max: 2 });
  try {
    await migrate(pool);
  } finally {
    await pool.end();
  }
  try {
    await renameDatabase(admin, draft, template);
  } catch (error) {
    if (![DUPLICATE_DATABASE, UNIQUE_VIOLATION].includes(codeOf(error) ?? "")) {
      throw error;
    }
    await dropDatabase(admin, draft);
  }
  return template;
}
