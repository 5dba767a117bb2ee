import type pg from "pg";
import { isAnswerLost } from "../database/transientErrors.ts";
import { repeatUntilAnswered } from "../engine/repeat.ts";
import type { EventHub } from "../telemetry/events.ts";
import { troublesOf } from "../telemetry/troubles.ts";

/** What {@link createQueuePool} takes. */
export interface QueuePoolOptions {
  readonly database: pg.Pool;
  readonly events: EventHub;
  /** Stands for the fetches of all runs in the trouble with Postgres. */
  readonly fetcher: object;
  /** Is told when a fetch may have locked a wake-up, and its queue with it, without our knowing. */
  readonly onFetchLost: () => void;
}

/** A pool for one run of graphile-worker's. */
export interface QueuePool {
  readonly pool: pg.Pool;
  /** Lets it fetch nothing more. */
  endFetching(): void;
  /** Lets nobody wait for a connection any more. */
  end(): void;
}

type Query = (...parameters: readonly unknown[]) => Promise<unknown>;
type Connected = (error: unknown, client: pg.PoolClient | undefined, release: (reason?: unknown) => void) => void;

const NOTHING_FETCHED = { rows: [] };

/**
 * Lends connections as `database` does, but waits for Postgres where that would fail, and answers a fetch that fails with
 * "nothing there": graphile-worker 0.18 writes a stack trace to standard error for each fetch that fails while it stops,
 * and it always stops when Postgres restarts.
 */
export function createQueuePool({ database, events, fetcher, onFetchLost }: QueuePoolOptions): QueuePool {
  const troubles = troublesOf(events);
  const ended = new AbortController();
  let isFetching = true;

  async function connect(): Promise<pg.PoolClient> {
    const repeatOptions = { call: "connect for the queue", events, signal: ended.signal };
    try {
      return tame(await repeatUntilAnswered(() => database.connect(), repeatOptions));
    } catch (error) {
      return goneClient(error);
    }
  }

  function tame(client: pg.PoolClient): pg.PoolClient {
    const send = client.query.bind(client) as Query;
    let last: Promise<unknown> = Promise.resolve();

    // pg wants one query at a time, and the listening connection gets our pings as well.
    function query(...parameters: readonly unknown[]): Promise<unknown> {
      const answer = last.then(() => send(...parameters));
      last = answer.catch(() => {});
      return answer;
    }

    async function fetch(...parameters: readonly unknown[]): Promise<unknown> {
      if (!isFetching) {
        return NOTHING_FETCHED;
      }
      try {
        const fetched = await query(...parameters);
        troubles.answered(fetcher);
        return fetched;
      } catch (error) {
        troubles.failed(fetcher, "fetch", error);
        if (isFetching && isAnswerLost(error)) {
          isFetching = false;
          onFetchLost();
        }
        return NOTHING_FETCHED;
      }
    }

    return overriding(client, {
      query: (...parameters: readonly unknown[]) => (isFetch(parameters[0]) ? fetch : query)(...parameters),
    });
  }

  const pool = overriding(database, {
    connect(connected?: Connected): Promise<pg.PoolClient> | undefined {
      const connecting = connect();
      if (connected === undefined) {
        return connecting;
      }
      void hand(connecting, connected);
      return undefined;
    },
  });

  return {
    pool,
    endFetching() {
      isFetching = false;
    },
    end() {
      isFetching = false;
      ended.abort();
    },
  };
}

async function hand(connecting: Promise<pg.PoolClient>, connected: Connected): Promise<void> {
  const client = await connecting;
  connected(undefined, client, client.release.bind(client) as (reason?: unknown) => void);
}

/** Stands for a connection that nobody waits for any more. */
function goneClient(reason: unknown): pg.PoolClient {
  const client = {
    query: (statement: unknown): Promise<unknown> =>
      isFetch(statement)
        ? Promise.resolve(NOTHING_FETCHED)
        : Promise.reject(new Error("Nobody waits for this connection any more", { cause: reason })),
    release: (): void => {},
    on: (): void => {},
    removeListener: (): void => {},
  };
  return client as unknown as pg.PoolClient;
}

/** As graphile-worker names its prepared statement. */
function isFetch(statement: unknown): boolean {
  const name: unknown =
    typeof statement === "object" && statement !== null && "name" in statement ? statement.name : undefined;
  return typeof name === "string" && name.startsWith("get_job");
}

/** The same object with some members of its own, for whoever gets it; others may override further ones. */
function overriding<Target extends object>(target: Target, members: Readonly<Record<string, unknown>>): Target {
  const own = new Map<string | symbol, unknown>(Object.entries(members));
  return new Proxy(target, {
    get(_target, name) {
      if (own.has(name)) {
        return own.get(name);
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
    set(_target, name, value) {
      own.set(name, value);
      return true;
    },
  });
}
