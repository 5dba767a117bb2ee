import type pg from "pg";

import type { Config } from "../config/config.ts";
import { checkDatabase } from "../database/connectionCheck.ts";
import { startEmbeddedPostgres } from "../database/embedded/embeddedPostgres.ts";
import type { DatabaseLog } from "../database/log.ts";
import { createPool } from "../database/pool.ts";
import { tellLockWaits } from "./lockWaits.ts";
import { endsWithin } from "../engine/deadline.ts";

const CLOSE_WITHIN_MS = 500;
/** Longer than a migration or a backup keeps anybody. */
const LONGEST_LOCK_WAIT_MS = 60_000;

/** The database a command works on. */
export interface CommandDatabase {
  /** Where it is, with password. */
  readonly url: string;
  /** Where the project's embedded Postgres keeps its files; null if it is the one of DATABASE_URL. */
  readonly embeddedIn: string | null;
  readonly pool: pg.Pool;
}

/** How {@link withDatabase} gets at the database. */
export interface DatabaseAccess {
  readonly config: Config;
  /** Shown in `pg_stat_activity` after `ratchet `. */
  readonly purpose: string;
  /** Port for the embedded Postgres. Default: any. */
  readonly port?: number | undefined;
  readonly log?: DatabaseLog | undefined;
  /** Is told who holds a lock that the work has waited for for 2 s; after 60 s it fails. Default: it waits in silence, without end. */
  readonly remark?: ((sentence: string) => void) | undefined;
}

/**
 * Runs `work` on the database of DATABASE_URL, else on the project's embedded Postgres, which is started unless it runs and
 * stopped afterwards unless somebody else uses it. Whatever happens, the connections are closed before this returns.
 */
export async function withDatabase<Result>(
  { config, purpose, port, log, remark }: DatabaseAccess,
  work: (database: CommandDatabase) => Promise<Result>,
): Promise<Result> {
  const embedded =
    config.databaseUrl === null ? await startEmbeddedPostgres({ dataFolder: config.dataFolder, port, log }) : null;
  try {
    const url = embedded?.url ?? config.databaseUrl ?? "";
    const pool = createPool({
      connectionString: url,
      schemas: config.schemas,
      max: 4,
      lockTimeoutMs: remark === undefined ? undefined : LONGEST_LOCK_WAIT_MS,
      applicationName: `ratchet ${purpose}`,
      log,
    });
    const endTelling = remark === undefined ? undefined : tellLockWaits(pool, remark);
    try {
      await checkDatabase(pool);
      return await work({ url, embeddedIn: embedded?.dataFolder ?? null, pool });
    } finally {
      endTelling?.();
      // A connection that hears nothing any more never ends.
      await endsWithin(pool.end(), CLOSE_WITHIN_MS);
    }
  } finally {
    await embedded?.stop();
  }
}
