import type pg from "pg";
import { leaveFlagged, returnLess } from "../database/calls/fetches.ts";
import { isAnswerLost } from "../database/transientErrors.ts";
import { repeatUntilAnswered } from "../engine/repeat.ts";
import type { EventHub } from "../telemetry/events.ts";
import { troublesOf } from "../telemetry/troubles.ts";
import { isEmptyFetch } from "./fetchSize.ts";

/** What {@link createQueuePool} takes. */
export interface QueuePoolOptions {
  readonly database: pg.Pool;
  readonly events: EventHub;
  /** Stands for the fetches of all runs in the trouble with Postgres. */
  readonly fetcher: object;
  /** Flags of wake-ups that are left to other workers; more may be added. */
  readonly passedOn: ReadonlySet<string>;
  /** Whether some of what it fetches is run by others' handlers, which may read all that graphile-worker knows of a wake-up. */
  readonly hasPlainTasks: boolean;
  /** Nothing is fetched before. */
  readonly mayFetch: () => Promise<void>;
  /** Is told when the answer to a fetch or a return is lost: what is locked now is not known. It fetches nothing more then. */
  readonly onAnswerLost: () => void;
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

const NO_ROWS = { rows: [] };

/**
 * Lends connections as `database` does, but waits for Postgres where that would fail. It leaves flagged wake-ups alone, which
 * graphile-worker's local queue cannot. It answers a fetch that fails with
 * "nothing there", because graphile-worker 0.18 writes a stack trace to standard error for each fetch that fails while it
 * stops, and it always stops when Postgres restarts. And it answers only when Postgres has answered: a return of what lay in
 * the local queue, because graphile-worker rejects a promise that nobody handles for each that fails; the registration of
 * identifiers, because graphile-worker keeps the answer, and after a failure fetches nothing ever again.
 */
export function createQueuePool(options: QueuePoolOptions): QueuePool {
  const { database, events, fetcher, passedOn, mayFetch } = options;
  const troubles = troublesOf(events);
  const ended = new AbortController();
  let isFetching = true;
  let returning: Promise<unknown> = Promise.resolve();

  function noteLost(error: unknown): void {
    if (isFetching && isAnswerLost(error)) {
      isFetching = false;
      options.onAnswerLost();
    }
  }

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

    async function fetch(statement: unknown, ...rest: readonly unknown[]): Promise<unknown> {
      await mayFetch();
      // A return that is asked again must not free what was fetched anew.
      await returning;
      if (!isFetching || isEmptyFetch(nameOf(statement))) {
        return NO_ROWS;
      }
      const asked = statement as pg.QueryConfig;
      const leaving = passedOn.size === 0 ? asked : leaveFlagged(asked, [...passedOn]);
      try {
        const fetched = await query(options.hasPlainTasks ? leaving : returnLess(leaving), ...rest);
        troubles.answered(fetcher);
        return fetched;
      } catch (error) {
        troubles.failed(fetcher, "fetch", error);
        noteLost(error);
        return NO_ROWS;
      }
    }

    async function giveBack(statement: unknown, ...rest: readonly unknown[]): Promise<unknown> {
      try {
        return await query(statement, ...rest);
      } catch (error) {
        noteLost(error);
        return repeat("return to the queue", statement).catch(() => NO_ROWS);
      }
    }

    async function register(statement: unknown, ...rest: readonly unknown[]): Promise<unknown> {
      try {
        return await query(statement, ...rest);
      } catch {
        return repeat("register identifiers", statement);
      }
    }

    return overriding(client, {
      query(statement: unknown, ...rest: readonly unknown[]): Promise<unknown> {
        const name = nameOf(statement);
        if (isFetch(name)) {
          return fetch(statement, ...rest);
        }
        if (isRegistration(statement)) {
          return register(statement, ...rest);
        }
        if (!isReturn(name)) {
          return query(statement, ...rest);
        }
        const answer = giveBack(statement, ...rest);
        returning = Promise.all([returning, answer]);
        return answer;
      },
    });
  }

  /** Until the pool's end, when whatever it has locked is freed. */
  function repeat(call: string, statement: unknown): Promise<unknown> {
    const repeatOptions = { call, events, signal: ended.signal };
    return repeatUntilAnswered(() => database.query(statement as pg.QueryConfig), repeatOptions);
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
    query(statement: unknown): Promise<unknown> {
      const name = nameOf(statement);
      return isFetch(name) || isReturn(name)
        ? Promise.resolve(NO_ROWS)
        : Promise.reject(new Error("Nobody waits for this connection any more", { cause: reason }));
    },
    release: (): void => {},
    on: (): void => {},
    removeListener: (): void => {},
  };
  return client as unknown as pg.PoolClient;
}

/** The name of graphile-worker's prepared statement. */
function nameOf(statement: unknown): string {
  const name: unknown =
    typeof statement === "object" && statement !== null && "name" in statement ? statement.name : undefined;
  return typeof name === "string" ? name : "";
}

function isFetch(name: string): boolean {
  return name.startsWith("get_job");
}

function isReturn(name: string): boolean {
  return name.startsWith("return_job");
}

/** Whether a pool registers or looks up its identifiers, as it does once, before its first fetch. */
function isRegistration(statement: unknown): boolean {
  const text: unknown =
    typeof statement === "object" && statement !== null && "text" in statement ? statement.text : undefined;
  return typeof text === "string" && /^(?:insert into|select id, identifier from) \S+\._private_tasks /v.test(text);
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
