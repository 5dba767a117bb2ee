import pg from "pg";

import { RatchetError } from "../errors/ratchetError.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";

/** The oldest supported major version: row security through views needs it. */
const OLDEST_MAJOR_VERSION = 15;

/**
 * Checks that the pool's database can be used at all. Throws RT101 (unreachable, with host and port, never the password),
 * RT102 (older than Postgres 15) or RT124 (encoding is not UTF8). Returns the server's version, e.g. `18.4`.
 */
export async function checkDatabase(pool: pg.Pool): Promise<{ serverVersion: string }> {
  const { version, versionNumber, encoding, database } = await readFacts(pool);
  if (versionNumber < OLDEST_MAJOR_VERSION * 10_000) {
    throw new RatchetError(
      "RT102",
      `The server runs Postgres ${version}; Ratchet needs ${OLDEST_MAJOR_VERSION} or newer.`,
    );
  }
  if (encoding.toLowerCase() !== "utf8") {
    throw new RatchetError("RT124", `The encoding of database "${database}" is ${encoding}; Ratchet needs UTF8.`);
  }
  return { serverVersion: version };
}

interface DatabaseFacts {
  version: string;
  versionNumber: number;
  encoding: string;
  database: string;
}

async function readFacts(pool: pg.Pool): Promise<DatabaseFacts> {
  try {
    const { rows } = await pool.query<DatabaseFacts>(
      `select current_setting('server_version') as version,
              current_setting('server_version_num')::int as "versionNumber",
              current_setting('server_encoding') as encoding,
              current_database() as database`,
    );
    const [facts] = rows;
    if (facts === undefined) {
      throw new Error("The server answered a select without a row.");
    }
    return facts;
  } catch (error) {
    throw withAddress(toRatchetError(error), pool);
  }
}

function withAddress(error: unknown, pool: pg.Pool): unknown {
  if (!(error instanceof RatchetError) || error.code !== "RT101") {
    return error;
  }
  // Never connected: a client only works out what the connection string and the defaults come to.
  const { host, port, user, database } = new pg.Client(pool.options);
  return new RatchetError(
    "RT101",
    `${error.message} Tried ${host}:${port}, database "${database ?? ""}", role "${user ?? ""}".`,
    {
      detail: error.detail,
      hint: error.hint,
      retryable: error.retryable,
      cause: error.cause,
    },
  );
}
