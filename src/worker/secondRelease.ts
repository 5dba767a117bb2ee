import type { WorkerEvents } from "graphile-worker";
import type pg from "pg";

/** Without a connection there is nothing to release. */
type Connected = (error: unknown, client: pg.PoolClient | undefined, release?: (reason?: unknown) => void) => void;
type Connect = (connected?: Connected) => unknown;

interface CreateEvent {
  readonly ctx: object;
}

const forgiving = new WeakSet<pg.Pool>();

/**
 * Lets graphile-worker's pools give a connection back twice. 0.18 does so when it stops while the answer to its LISTEN is
 * outstanding and the connection is lost: the second time throws where nobody catches, which would end the process.
 */
export function forgiveSecondRelease(poolEvents: WorkerEvents): void {
  poolEvents.on("pool:create", ({ ctx }: CreateEvent) => {
    // The runner's context has the pool; it connects to listen just after this event.
    const { pgPool } = ctx as { readonly pgPool?: pg.Pool };
    if (pgPool !== undefined && !forgiving.has(pgPool)) {
      forgiving.add(pgPool);
      const connect = pgPool.connect.bind(pgPool) as Connect;
      const forgivingConnect: Connect = (connected) =>
        connected === undefined ? connect() : connect(releasingOnce(connected));
      pgPool.connect = forgivingConnect as pg.Pool["connect"];
    }
  });
}

function releasingOnce(connected: Connected): Connected {
  return (error, client, release) => {
    let isReleased = false;
    connected(error, client, (reason) => {
      if (!isReleased) {
        isReleased = true;
        release?.(reason);
      }
    });
  };
}
