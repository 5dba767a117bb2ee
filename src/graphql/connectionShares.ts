import type { WithPgClient } from "postgraphile/@dataplan/pg";
import { RatchetError } from "../errors/ratchetError.ts";
import { createTurns } from "./turns.ts";

/** Part of the connections that one tenant may use at once. */
const SHARE = 0.8;
/** As long as one waits for a connection of a pool. */
const WAIT_MS = 10_000;

/** Keeps connections to Postgres free for other tenants than one that uses many. */
export interface ConnectionShares {
  /** The same connections, for the tenant. What it asks for beyond its share waits, at most 10 s (RT156). */
  limit(withPgClient: WithPgClient, tenant: string): WithPgClient;
}

/** Creates the shares of a pool of so many connections. */
export function createConnectionShares(connections: number): ConnectionShares {
  const turns = createTurns(Number.POSITIVE_INFINITY, Math.max(1, Math.floor(connections * SHARE)));

  function takeTurn(tenant: string): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => {
        end();
        reject(new RatchetError("RT156", "The server is busy with other requests of your tenant."));
      }, WAIT_MS);
      const end = turns.take(() => {
        clearTimeout(tooLate);
        // Not before take has returned.
        queueMicrotask(() => {
          resolve(end);
        });
      }, tenant);
    });
  }

  return {
    limit: (withPgClient, tenant) => async (settings, callback) => {
      const end = await takeTurn(tenant);
      try {
        return await withPgClient(settings, callback);
      } finally {
        end();
      }
    },
  };
}
