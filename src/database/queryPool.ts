import pg from "pg";
import { type DatabaseLog, silentLog } from "./log.ts";

/** What {@link createQueryPool} takes. */
export interface QueryPoolOptions {
  readonly connectionString: string;
  readonly max: number;
  readonly log?: DatabaseLog | undefined;
}

const CONNECT_WITHIN_MS = 10_000;

// A transaction pooler gives the next transaction another session, in which the statement was not prepared.
class UnpreparedClient extends pg.Client {}
const plainQuery = Reflect.get(pg.Client.prototype, "query") as (...parameters: unknown[]) => unknown;

function query(this: pg.Client, statement: unknown, ...rest: unknown[]): unknown {
  const unnamed =
    typeof statement === "object" && statement !== null && "name" in statement
      ? { ...statement, name: undefined }
      : statement;
  return Reflect.apply(plainQuery, this, [unnamed, ...rest]);
}
// Its overloads cannot be written again by hand.
UnpreparedClient.prototype.query = query as typeof UnpreparedClient.prototype.query;

/**
 * Creates a pool for a replica or a transaction pooler: it prepares no statement, and sets nothing that outlives a
 * transaction. Its lost connections never end the process.
 */
export function createQueryPool({ connectionString, max, log = silentLog }: QueryPoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: "ratchet queries",
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    Client: UnpreparedClient,
  });
  const tell = ({ message: errorMessage }: Error): void => {
    log.debug({ errorMessage }, "a connection for queries was lost");
  };
  pool.on("error", tell);
  pool.on("connect", (client) => {
    client.on("error", tell);
  });
  return pool;
}
