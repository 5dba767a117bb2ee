import type pg from "pg";
import { RatchetError } from "../errors/ratchetError.ts";
import { type ConnectionKind, detectConnectionKind, isDirect } from "./connectionKind.ts";

/**
 * Refuses a pooler that gives sessions away between transactions: a worker's locks, LISTEN and prepared statements would end
 * up with others.
 * @param detect is asked only where the server's process id is not the one that the connection was given.
 * @throws {RatchetError} RT145
 */
export async function demandOwnSessions(
  pool: pg.Pool,
  connectionString: string,
  detect: (connectionString: string) => Promise<ConnectionKind> = detectConnectionKind,
): Promise<void> {
  const client = await pool.connect();
  const isOwn = await isDirect(client).finally(() => {
    client.release();
  });
  if (!isOwn && (await detect(connectionString)) === "transaction pooler") {
    throw new RatchetError(
      "RT145",
      "DATABASE_URL leads to a pooler in transaction mode, such as PgBouncer, where a worker cannot keep a session.",
    );
  }
}
