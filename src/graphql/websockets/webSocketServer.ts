import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type ServerOptions, makeServer } from "graphql-ws";
import type { Logger } from "pino";
import { GraphQLError } from "postgraphile/graphql";
import { type WebSocket, WebSocketServer } from "ws";
import { RatchetError } from "../../errors/ratchetError.ts";
import { authenticateSocket, closeUnauthenticated } from "../authentication/authentication.ts";
import type { TokenVerifier } from "../authentication/tokenVerifier.ts";
import { callerOf } from "../authentication/identity.ts";
import { createCallerCount } from "./callerCount.ts";
import { CLOSE_TOO_MANY, type GuardedSocket, guardSocket } from "./guardedSocket.ts";
import type { SocketLimits } from "./socketLimits.ts";

const PROTOCOL = "graphql-transport-ws";
/** How long a client has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 10_000;
/** How they are closed when the server stops; clients come back. */
const CLOSE_RESTART = 1012;

/** What {@link createWebSocketServer} takes. */
export interface WebSocketServerOptions {
  /** Grafserv's, which executes. */
  readonly serverOptions: ServerOptions;
  /** null: nobody is asked who he is. */
  readonly verify: TokenVerifier | null;
  readonly limits: SocketLimits;
  readonly log: Logger;
}

/** The websockets of a server: the protocol graphql-transport-ws. */
export interface GraphqlWebSockets {
  /** Takes a request to become a websocket, whose host and origin are all right. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Takes no more, and tells all clients to come back; resolves when they are gone. */
  close(): Promise<void>;
  /** Cuts off those that are not gone. */
  cutOff(): void;
}

interface Extra extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly guarded: GuardedSocket;
  readonly noteCaller: (caller: string) => boolean;
  /** Of all connections of the same caller. */
  readonly operationsOfCaller: () => number;
}

/** Creates what answers websockets. */
export function createWebSocketServer({
  serverOptions,
  verify,
  limits,
  log,
}: WebSocketServerOptions): GraphqlWebSockets {
  // A variable, because @types/ws 8.18 does not know closeTimeout.
  const options = {
    noServer: true,
    maxPayload: limits.messageBytes,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: (protocols: Set<string>) => protocols.has(PROTOCOL) && PROTOCOL,
  };
  const sockets = new WebSocketServer(options);
  const callers = createCallerCount(limits);
  let isClosing = false;
  const graphql = makeServer<Record<string, unknown>, Extra>({
    ...(serverOptions as ServerOptions<Record<string, unknown>, Extra>),
    connectionInitWaitTimeout: limits.initTimeoutMs,
    onConnect: async ({ extra, connectionParams }) => {
      const { socket, request, noteCaller } = extra;
      if (verify === null) {
        return noteCaller("");
      }
      const mayStay = noteCaller(callerOf(await authenticateSocket(socket, request, connectionParams, verify)));
      if (!mayStay) {
        socket.close(CLOSE_TOO_MANY, "You have too many connections.");
      }
      return mayStay;
    },
    onSubscribe: (context, id, payload) => {
      if (context.extra.guarded.inProgress() > limits.operations) {
        const error = new RatchetError("RT132", `This connection has ${limits.operations} operations already.`, {
          hint: "Complete some first, or open another connection.",
        });
        return [new GraphQLError(error.message, { originalError: error })];
      }
      if (context.extra.operationsOfCaller() > limits.operationsOfCaller) {
        const error = new RatchetError("RT132", `You have ${limits.operationsOfCaller} operations already.`, {
          hint: "Complete some first.",
        });
        return [new GraphQLError(error.message, { originalError: error })];
      }
      return serverOptions.onSubscribe?.(context, id, payload);
    },
  });

  function opened(socket: WebSocket, request: IncomingMessage): void {
    const caller = callers.come();
    const guarded = guardSocket(socket, limits);
    const extra: Extra = { socket, request, guarded, noteCaller: caller.is, operationsOfCaller: caller.operations };
    const closed = graphql.opened(
      {
        protocol: socket.protocol,
        send: guarded.send,
        close: (code, reason) => {
          socket.close(code, reason);
        },
        onMessage: (work) => {
          guarded.onMessage(async (text) => {
            const end = caller.begin();
            try {
              await work(text);
            } catch (error) {
              closeAfter(socket, error);
            } finally {
              end();
            }
          });
        },
      },
      extra,
    );
    socket.on("error", ({ message: errorMessage }) => {
      log.debug({ errorMessage }, "a websocket failed");
    });
    socket.once("close", (code, reason) => {
      caller.leave();
      log.debug({ code }, "a websocket was closed");
      void Promise.resolve(closed(code, reason.toString())).catch((error: unknown) => {
        log.warn({ err: error }, "a subscription could not be ended");
      });
    });
  }

  function closeAfter(socket: WebSocket, error: unknown): void {
    if (socket.readyState === socket.OPEN) {
      log.debug({ errorMessage: error instanceof Error ? error.message : String(error) }, "a websocket is refused");
      closeUnauthenticated(socket, error);
    }
  }

  return {
    upgrade(request, socket, head) {
      if (isClosing || !callers.mayCome()) {
        socket.end("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\r\n");
        return;
      }
      sockets.handleUpgrade(request, socket, head, opened);
    },
    async close() {
      isClosing = true;
      await Promise.all(
        [...sockets.clients].map(
          (socket) =>
            new Promise<void>((resolve) => {
              socket.once("close", () => {
                resolve();
              });
              socket.close(CLOSE_RESTART, "The server stops or restarts.");
            }),
        ),
      );
    },
    cutOff() {
      for (const socket of sockets.clients) {
        socket.terminate();
      }
    },
  };
}
