import pg from "pg";

import { type DatabaseLog, silentLog } from "./log.ts";

/** What {@link listen} takes. */
export interface ListenOptions {
  readonly connectionString: string;
  readonly channel: string;
  /** Called with each notification's payload, and with null when the connection is there (again): what came before may be lost. */
  readonly onNotification: (payload: string | null) => void;
  /** Default: nothing is logged. */
  readonly log?: DatabaseLog | undefined;
}

/** A subscription to one channel. */
export interface Listening {
  /** Ends the subscription; safe to call twice. */
  close(): Promise<void>;
}

const RECONNECT_DELAY_MS = 1_000;

/**
 * Listens on a channel over a connection of its own, which is opened again whenever it is lost. Returns at once: a
 * database that cannot be reached is tried every second until {@link Listening.close}. Needs a direct connection, since
 * PgBouncer's transaction mode delivers no notification.
 */
export function listen({ connectionString, channel, onNotification, log = silentLog }: ListenOptions): Listening {
  let closed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  const reconnectLater = (): void => {
    if (!closed && timer === undefined) {
      timer = setTimeout(() => {
        timer = undefined;
        connecting = connect();
      }, RECONNECT_DELAY_MS);
    }
  };

  const connect = async (): Promise<void> => {
    const next = new pg.Client({
      connectionString,
      application_name: "ratchet listener",
      keepAlive: true,
      connectionTimeoutMillis: 15_000,
    });
    client = next;
    next.on("error", (error) => {
      log.debug({ err: error, channel }, "the listening connection was lost");
    });
    next.on("end", reconnectLater);
    next.on("notification", ({ payload }) => {
      onNotification(payload ?? "");
    });
    try {
      await next.connect();
      await next.query(`listen ${next.escapeIdentifier(channel)}`);
      onNotification(null);
    } catch (error) {
      log.debug({ err: error, channel }, "listening is not possible now");
      await next.end().catch(() => {});
      reconnectLater();
    }
  };

  let connecting = connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await connecting;
      await client?.end().catch(() => {});
    },
  };
}
