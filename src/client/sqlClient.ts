import type { Queryable } from "../database/calls/queryable.ts";
import { driverError } from "./driverErrors.ts";
import { inSchemas, type SchemaNames } from "../database/schemaNames.ts";

/**
 * Whatever runs a statement with numbered parameters: a `pg` client, pool or pool client, or a few lines around another
 * library's transaction (docs/client.md has them for Kysely, Drizzle and Prisma). Ratchet sends texts and reads texts, so a
 * driver's own ideas of types do no harm.
 */
export interface SqlClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** A connection that a {@link RatchetPool} lends. A `pg.PoolClient` is one. */
export interface RatchetPoolClient extends SqlClient {
  /** Takes the connection back; with an error or `true` it is closed. */
  release(error?: Error | boolean): void;
}

/** A pool of the caller's own. A `pg.Pool` is one. It is used as it is and never closed. */
export interface RatchetPool extends SqlClient {
  connect(): Promise<RatchetPoolClient>;
}

/** The client as Ratchet's calls take it, under these schema names. */
export function asQueryable(client: SqlClient, schemas: SchemaNames): Queryable {
  const named: SqlClient = inSchemas(client as unknown as Queryable, schemas);
  const query = async (text: string, values: unknown[] = []): ReturnType<SqlClient["query"]> => {
    try {
      return await named.query(text, values);
    } catch (error) {
      throw driverError(error);
    }
  };
  // The calls use no more of `query` than a SqlClient has.
  return { query: query as Queryable["query"] };
}
