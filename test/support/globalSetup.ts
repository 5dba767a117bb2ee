import type { TestProject } from "vitest/node";

import { createPool } from "../../src/database/pool.ts";
import { migrate } from "../../src/database/migrator.ts";
import { dropDatabasesOf, dropDatabasesOfDeadRuns, withDatabase } from "./databases.ts";
import { startTestServer } from "./testServer.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Connection string of the run's server, as a role that may create databases. */
    readonly testServerUrl: string;
    /** All databases of the run begin with it. */
    readonly testDatabasePrefix: string;
  }
}

/** Starts one server for the run, or takes the given one, and migrates the template that the tests' databases are cloned from. */
// oxlint-disable-next-line import/no-default-export -- Vitest wants it so.
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  const runId = `${process.pid}_${Date.now().toString(36)}`;
  const prefix = `ratchet_test_${runId}_`;
  // While this session lives, so does the run: others tell by its name which databases are left over.
  const presence = createPool({ connectionString: server.url, max: 1, applicationName: `ratchet_test_run_${runId}` });
  const presenceClient = await presence.connect();

  const teardown = async (): Promise<void> => {
    presenceClient.release();
    await presence.end();
    await dropDatabasesOf(server.url, prefix);
    await server.stop();
  };
  try {
    await dropDatabasesOfDeadRuns(server.url);
    const template = `${prefix}template`;
    await presenceClient.query(`create database ${template} template template0 encoding 'UTF8'`);
    const pool = createPool({ connectionString: withDatabase(server.url, template), max: 2 });
    await migrate(pool);
    await pool.end();
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide("testServerUrl", server.url);
  project.provide("testDatabasePrefix", prefix);
  return teardown;
}
