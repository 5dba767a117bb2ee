import { mkdtempSync } from "node:fs";
import { join } from "node:path";

import { inject } from "vitest";

import { startEmbeddedPostgres } from "../../src/database/embedded/embeddedPostgres.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import type { TestDatabase } from "./database.ts";
import { TEST_SCHEMAS } from "./schemas.ts";

/**
 * A database with the whole schema on an embedded server that nobody else uses (about 2 s), for tests of what every
 * transaction on a server changes, those in other databases too. Nothing is vacuumed or analyzed unasked.
 * @param own further settings of the server.
 */
export async function createDatabaseOnOwnServer(own: Readonly<Record<string, string>> = {}): Promise<TestDatabase> {
  const parent = inject("testRunFolder");
  const dataFolder = mkdtempSync(join(parent, "own-server-"));
  const settings = { fsync: "off", autovacuum: "off", ...own };
  const server = await startEmbeddedPostgres({ dataFolder, parentForRoot: parent, settings });
  const pool = createPool({ connectionString: server.url, applicationName: "ratchet-test", schemas: TEST_SCHEMAS });
  await migrate(pool);
  let dropped: Promise<void> | undefined;
  const drop = async (): Promise<void> => {
    await pool.end();
    await server.stop();
  };
  return {
    url: server.url,
    pool,
    drop() {
      dropped ??= drop();
      return dropped;
    },
  };
}
