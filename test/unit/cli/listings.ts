import type pg from "pg";
import { afterAll, beforeAll } from "vitest";

import { registerDefinitions } from "../../../src/database/calls/definitions.ts";
import { type AddJobSpec, addJob } from "../../../src/database/calls/jobs.ts";
import { definitionRow } from "../../../src/worker/definitions.ts";
import publishListing from "../../../tasks/publish_listing.ts";
import { type CliRun, type CliSettings, runRatchet } from "../../support/cli.ts";
import { type TestDatabase, createTestDatabase } from "../../support/database.ts";

const DEFINITION = definitionRow("publish_listing", publishListing);

/** The version of `publish_listing` that is registered. */
export const LISTING_VERSION = DEFINITION.version;

/** A payload that makes four tasks. */
export const LISTING = { images: ["a.jpg", "b.jpg"] };

/** A database for the test file that knows `publish_listing`, and commands on it. */
export function useListings() {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await registerDefinitions(database.pool, [DEFINITION], true);
  });

  afterAll(() => database.drop());

  return {
    pool: (): pg.Pool => database.pool,
    url: (): string => database.url,
    run: (commandLine: readonly string[], settings: Omit<CliSettings, "env"> = {}): Promise<CliRun> =>
      runRatchet(commandLine, { ...settings, env: { DATABASE_URL: database.url } }),
    ratchet: (...commandLine: readonly string[]): Promise<CliRun> =>
      runRatchet(commandLine, { env: { DATABASE_URL: database.url } }),
    /** Adds a job; gives its id. */
    add: (given: Partial<AddJobSpec> = {}): Promise<string> =>
      addJob(database.pool, { identifier: "publish_listing", payload: LISTING, ...given }),
    statusOf: async (id: string): Promise<string | undefined> => {
      const { rows } = await database.pool.query<{ status: string }>("select status from ratchet.jobs where id = $1", [
        id,
      ]);
      return rows[0]?.status;
    },
  };
}
