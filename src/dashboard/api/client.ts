import { createClient } from "graphql-ws";

import { type AnsweredError, ApiError, apiErrorOf, asApiError } from "./apiError.ts";
import type { Operation } from "./operation.ts";
import { heedServerDate } from "../view/serverClock.ts";
import { hearToken, keepToken, readToken } from "./token.ts";

/** What a subscription tells. */
export interface Listener<Data> {
  readonly onData: (data: Data) => void;
  /** Nothing more comes: the server refuses it. */
  readonly onError: (error: ApiError) => void;
}

/** How the connection for live answers is; `idle` as long as nobody wants any. */
export type Connection = "idle" | "connecting" | "open" | "lost";

const LONGEST_WAIT_MS = 5000;
/** How often it is seen whether the connection still lives: a network that is gone, or a night's sleep, closes none. */
const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5000;
/** How the server closes a websocket whose token does not count, or no more. */
const CLOSES_OF_TOKENS = new Set([4401, 4403]);

let connection: Connection = "idle";
let pongTimer = 0;
let lostSinceMs: number | null = null;
const connectionListeners = new Set<() => void>();

function note(now: Connection): void {
  if (now === "lost") {
    lostSinceMs ??= Date.now();
  } else {
    lostSinceMs = null;
  }
  connection = now;
  for (const listener of connectionListeners) {
    listener();
  }
}

/** How the connection is now. */
export function connectionNow(): Connection {
  return connection;
}

/** When the connection was lost, in ms by the browser's clock; null while it is not. */
export function lostSince(): number | null {
  return lostSinceMs;
}

/** Calls back when the connection has changed; returns what ends that. */
export function hearConnection(listener: () => void): () => void {
  connectionListeners.add(listener);
  return () => {
    connectionListeners.delete(listener);
  };
}

function authorization(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

const live = createClient({
  url: new URL("/graphql", location.href).href.replace(/^http/v, "ws"),
  connectionParams: () => authorization(readToken()),
  keepAlive: PING_EVERY_MS,
  retryAttempts: Number.POSITIVE_INFINITY,
  retryWait: (tries) =>
    new Promise((resolve) => {
      // Not all pages at the same moment after a restart.
      setTimeout(resolve, Math.min(LONGEST_WAIT_MS, 250 * 2 ** tries) * (0.5 + Math.random() / 2));
    }),
  shouldRetry: (cause) => !(cause instanceof CloseEvent && CLOSES_OF_TOKENS.has(cause.code)),
  on: {
    connecting: () => {
      if (connection !== "lost") {
        note("connecting");
      }
    },
    connected: () => {
      note("open");
    },
    ping: (isReceived) => {
      if (!isReceived) {
        clearTimeout(pongTimer);
        pongTimer = setTimeout(() => {
          live.terminate();
        }, PONG_WITHIN_MS);
      }
    },
    pong: (isReceived) => {
      if (isReceived) {
        clearTimeout(pongTimer);
      }
    },
    closed: (cause) => {
      clearTimeout(pongTimer);
      const { code, reason } = cause as CloseEvent;
      if (CLOSES_OF_TOKENS.has(code) && readToken() !== null) {
        keepToken(null, reason);
      }
      note(code === 1000 ? "idle" : "lost");
    },
  },
});

// The connection says who it is once, at its beginning.
hearToken(() => {
  live.terminate();
});

/**
 * Asks the API. A token that does not count is forgotten, which brings the page that asks for one.
 * @throws {ApiError}
 */
export async function ask<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data> {
  const token = readToken();
  let response: Response;
  let answer: { readonly data?: Data | null; readonly errors?: readonly AnsweredError[] };
  try {
    response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", ...authorization(token) },
      body: JSON.stringify({ query: operation, variables }),
    });
    heedServerDate(response.headers.get("date"));
    answer = (await response.json()) as typeof answer;
  } catch (error) {
    throw asApiError(error);
  }
  if (answer.errors !== undefined || answer.data === undefined || answer.data === null) {
    const error = apiErrorOf(answer.errors ?? []);
    // Another one may have been entered meanwhile.
    if (response.status === 401 && token !== null && token === readToken()) {
      keepToken(null, error.message);
    }
    throw error;
  }
  return answer.data;
}

/** Compares the clocks before anything is asked for: what comes over the websocket has no time with it. */
export async function learnServerTime(): Promise<void> {
  try {
    const { headers } = await fetch(location.pathname, { method: "HEAD", cache: "no-store" });
    heedServerDate(headers.get("date"));
  } catch {
    // The first answer brings it, too.
  }
}

/** Follows a subscription until the returned function is called. A lost connection is made again by itself. */
export function follow<Data, Variables extends object>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  { onData, onError }: Listener<Data>,
): () => void {
  return live.subscribe<Data>(
    { query: operation, variables: variables as Record<string, unknown> },
    {
      next: ({ data, errors }) => {
        if (errors !== undefined) {
          onError(apiErrorOf(errors));
        } else if (data !== undefined && data !== null) {
          onData(data);
        }
      },
      error: (cause) => {
        onError(
          cause instanceof CloseEvent ? new ApiError(cause.reason || "The connection was closed.") : asApiError(cause),
        );
      },
      complete: () => {},
    },
  );
}
