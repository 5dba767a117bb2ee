import pg from "pg";

import type { Queryable } from "./calls/queryable.ts";

/**
 * Lets the server find out within a second that this process is gone: else a long statement of its own goes on, and its
 * locks stay.
 */
export async function noticeOurDeath(client: Queryable): Promise<void> {
  try {
    await client.query("set client_connection_check_interval = '1s'");
  } catch (error) {
    // Not on every system that Postgres runs on.
    if (!(error instanceof pg.DatabaseError)) {
      throw error;
    }
  }
}
