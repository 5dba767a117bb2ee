import { type Client, type ClientOptions, createClient } from "graphql-ws";
import { afterEach } from "vitest";

import type { RunningServer } from "../../src/http/startServer.ts";
import { waitUntil } from "../support/waiting.ts";

/** One message of a subscription. */
export interface Snapshot<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> }[];
}

/** A subscription as a client sees it. */
export interface Stream<Data> {
  /** What came so far. */
  readonly snapshots: readonly Snapshot<Data>[];
  /** Waits for the first snapshot that fits, those that came before included. */
  readonly until: (condition: (snapshot: Snapshot<Data>) => boolean) => Promise<Snapshot<Data>>;
  /** Waits for the end: null after `complete`, else what was wrong. */
  readonly ended: Promise<unknown>;
  readonly stop: () => void;
  readonly client: Client;
}

/** Subscribes over a connection of its own. */
export type Subscribe = <Data>(
  server: Pick<RunningServer, "url">,
  query: string,
  variables?: Record<string, unknown>,
  options?: Partial<ClientOptions>,
) => Stream<Data>;

/** Gives a test file its subscriptions; each ends with its test. */
export function useStreams(): Subscribe {
  const clients = new Set<Client>();
  afterEach(async () => {
    for (const client of clients) {
      await client.dispose();
    }
    clients.clear();
  });

  function subscribe<Data>(
    { url }: Pick<RunningServer, "url">,
    query: string,
    variables: Record<string, unknown> = {},
    options: Partial<ClientOptions> = {},
  ): Stream<Data> {
    const client = createClient({ url: `${url.replace("http", "ws")}/graphql`, retryAttempts: 0, ...options });
    clients.add(client);
    const snapshots: Snapshot<Data>[] = [];
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
    const stop = client.subscribe<Data>(
      { query, variables },
      {
        next: (snapshot) => {
          snapshots.push(snapshot as Snapshot<Data>);
        },
        error: end,
        complete: () => {
          end(null);
        },
      },
    );
    const until = (condition: (snapshot: Snapshot<Data>) => boolean): Promise<Snapshot<Data>> =>
      waitUntil(() => snapshots.find(condition), { what: () => `a snapshot among ${JSON.stringify(snapshots)}` });
    return { snapshots, ended, stop, client, until };
  }
  return subscribe;
}
