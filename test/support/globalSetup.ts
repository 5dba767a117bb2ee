import type pg from "pg";
import type { TestProject } from "vitest/node";

import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { dropDatabasesOf, dropDatabasesOfDeadRuns, withDatabase } from "./databases.ts";
import { TEST_SCHEMAS } from "./schemas.ts";
import { createRunFolder, removeRunFolder } from "./runFolder.ts";
import { startTestServer } from "./testServer.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Connection string of the run's server, as a role that may create databases. */
    readonly testServerUrl: string;
    /** All databases of the run begin with it. */
    readonly testDatabasePrefix: string;
    /** Removed after the run, with every Postgres in it: for what tests write. In memory if there is room. */
    readonly testRunFolder: string;
  }
}

/** Starts one server for the run, or takes the given one, and migrates the template that the tests' databases are cloned from. */
// oxlint-disable-next-line import/no-default-export -- Vitest wants it so.
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cleanUps: (() => Promise<void> | void)[] = [];
  let cleaning: Promise<void> | undefined;
  const teardown = (): Promise<void> => {
    cleaning ??= runInReverse(cleanUps);
    return cleaning;
  };

  try {
    const folder = createRunFolder();
    const removeFolder = (): void => {
      removeRunFolder(folder);
    };
    // Without a terminal, a signal ends Vitest without the teardown.
    process.once("exit", removeFolder);
    cleanUps.push(removeFolder);
    const server = await startTestServer(folder);
    cleanUps.push(() => server.stop());

    const runId = `${process.pid}_${Date.now().toString(36)}`;
    const prefix = `ratchet_test_${runId}_`;
    // While this session lives, so does the run: others tell by its name which databases are left over.
    const presence = createPool({ connectionString: server.url, max: 1, applicationName: `ratchet_test_run_${runId}` });
    const session = await presence.connect();
    cleanUps.push(async () => {
      await dropDatabasesOf(server.url, prefix);
      session.release();
      await presence.end();
    });
    await dropDatabasesOfDeadRuns(server.url);
    await createTemplate(session, server.url, `${prefix}template`);

    project.provide("testServerUrl", server.url);
    project.provide("testDatabasePrefix", prefix);
    project.provide("testRunFolder", folder);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

async function createTemplate(session: pg.PoolClient, serverUrl: string, name: string): Promise<void> {
  await session.query(`create database ${name} template template0 encoding 'UTF8'`);
  const pool = createPool({ connectionString: withDatabase(serverUrl, name), max: 2, schemas: TEST_SCHEMAS });
  try {
    await migrate(pool);
  } finally {
    await pool.end();
  }
}

async function runInReverse(cleanUps: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const cleanUp of cleanUps.toReversed()) {
    try {
      await cleanUp();
    } catch (error) {
      // The next ones matter all the same; what stays is removed at the start of the next run.
      process.stderr.write(`Cleaning up after the tests: ${String(error)}\n`);
    }
  }
}
