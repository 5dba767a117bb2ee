import pg from "pg";

import { ping } from "./calls/ping.ts";
import { type DatabaseLog, silentLog } from "./log.ts";
import { hangUp } from "./pgInternals.ts";

/** What {@link createListener} takes. */
export interface ListenerOptions {
  readonly connectionString: string;
  /** Called with each notification. */
  readonly onNotification: (channel: string, payload: string) => void;
  /** Called when a channel is heard, for the first time or again: what came before may be lost. */
  readonly onHearing: (channel: string) => void;
  /** Default: nothing is logged. */
  readonly log?: DatabaseLog | undefined;
}

/** One connection that listens to any number of channels. */
export interface Listener {
  /** Wants the notifications of a channel; safe to call again. */
  listen(channel: string): void;
  /** Wants them no more. */
  unlisten(channel: string): void;
  /** Ends the connection; safe to call twice. */
  close(): Promise<void>;
}

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
/** A connection that only ever waits would never notice that a firewall has forgotten it. */
const PING_EVERY_MS = 10_000;

/**
 * Creates a listener over a connection of its own, which is opened again whenever it is lost. Connects at once: a database
 * that cannot be reached is tried every second until {@link Listener.close}. Needs a direct connection, since PgBouncer's
 * transaction mode delivers no notification.
 */
export function createListener(options: ListenerOptions): Listener {
  const { connectionString, onNotification, onHearing, log = silentLog } = options;
  const wanted = new Set<string>();
  /** Channels that are perhaps not heard as they are wanted. */
  const changed = new Set<string>();
  let closed = false;
  let client: pg.Client | undefined;
  let isReady = false;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  function reconnectLater(lost: pg.Client): void {
    if (lost !== client || timer !== undefined) {
      return;
    }
    isReady = false;
    if (!closed) {
      timer = setTimeout(() => {
        timer = undefined;
        connecting = connect();
      }, RECONNECT_DELAY_MS);
    }
  }

  /** Brings what is heard to what is wanted, as long as this connection is there. */
  async function bring(current: pg.Client): Promise<void> {
    const isThere = (): boolean => isReady && current === client;
    while (isThere() && changed.size > 0) {
      for (const channel of changed) {
        changed.delete(channel);
        const name = current.escapeIdentifier(channel);
        const isWanted = wanted.has(channel);
        await current.query(isWanted ? `listen ${name}` : `unlisten ${name}`);
        if (isWanted && isThere()) {
          onHearing(channel);
        }
      }
    }
  }

  async function giveUp(unusable: pg.Client, error: unknown): Promise<void> {
    log.debug({ err: error }, "listening is not possible now");
    await unusable.end().catch(() => {});
  }

  function work(): void {
    const current = client;
    if (current !== undefined && isReady && working === undefined && changed.size > 0) {
      working = bring(current)
        .catch((error: unknown) => giveUp(current, error))
        .finally(() => {
          working = undefined;
          work();
        });
    }
  }

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString,
      application_name: "ratchet listener",
      keepAlive: true,
      connectionTimeoutMillis: 15_000,
    });
    client = next;
    let isAnswering = true;
    async function askWhetherThere(): Promise<void> {
      if (!isAnswering) {
        hangUp(next);
      } else if (isReady && client === next) {
        isAnswering = false;
        await ping(next);
        isAnswering = true;
      }
    }
    const pings = setInterval(() => {
      // The connection itself tells of its loss.
      askWhetherThere().catch(() => {});
    }, PING_EVERY_MS);
    next.on("error", (error) => {
      log.debug({ err: error }, "the listening connection was lost");
    });
    next.on("end", () => {
      clearInterval(pings);
      reconnectLater(next);
    });
    next.on("notification", ({ channel, payload }) => {
      onNotification(channel, payload ?? "");
    });
    try {
      await next.connect();
      for (const channel of wanted) {
        changed.add(channel);
      }
      isReady = true;
      work();
    } catch (error) {
      clearInterval(pings);
      await giveUp(next, error);
      reconnectLater(next);
    }
  }

  let connecting = connect();
  return {
    listen(channel) {
      wanted.add(channel);
      changed.add(channel);
      work();
    },
    unlisten(channel) {
      wanted.delete(channel);
      changed.add(channel);
      work();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await connecting;
      await client?.end().catch(() => {});
    },
  };
}

/** Listens to one channel over a connection of its own, as {@link createListener} does. */
export function listen({ connectionString, channel, onNotification, log }: ListenOptions): Listening {
  const listener = createListener({
    connectionString,
    onNotification: (_channel, payload) => {
      onNotification(payload);
    },
    onHearing: () => {
      onNotification(null);
    },
    log,
  });
  listener.listen(channel);
  return { close: () => listener.close() };
}
