import type { WebSocket } from "ws";
import { CLOSE_TRY_LATER } from "../authentication/authentication.ts";
import { createMessageRate } from "./messageRate.ts";
import type { SocketLimits } from "./socketLimits.ts";

/** How a connection is closed that asks for too much; clients of graphql-ws do not come back by themselves. */
export const CLOSE_TOO_MANY = 4429;

/** A websocket that keeps to its limits. */
export interface GuardedSocket {
  /** Messages that are being worked on: subscriptions, queries, and whatever waits to be answered. */
  readonly inProgress: () => number;
  /** Resolves when the message has left; a client that does not read in time is told to come again, and cut off. */
  readonly send: (text: string) => Promise<void>;
  readonly onMessage: (work: (text: string) => Promise<void>) => void;
}

/** Puts a websocket under its limits, and ends it when nobody is there any more. */
export function guardSocket(socket: WebSocket, limits: SocketLimits): GuardedSocket {
  const rate = createMessageRate({ perSecond: limits.messagesPerSecond, atOnce: limits.messagesAtOnce });
  let inProgress = 0;
  let isThere = true;

  const pinging = setInterval(() => {
    if (!isThere) {
      socket.terminate();
      return;
    }
    isThere = false;
    socket.ping();
  }, limits.pingMs);
  socket.on("pong", () => {
    isThere = true;
  });
  socket.on("ping", () => {
    if (!rate.mayCome()) {
      closeFlood();
    }
  });
  socket.once("close", () => {
    clearInterval(pinging);
  });

  function closeSlow(): void {
    // A client that does not read cannot answer pings either, and has to have the time to be told.
    clearInterval(pinging);
    socket.close(CLOSE_TRY_LATER, "The client reads too slowly: subscribe again.");
  }

  function closeFlood(): void {
    socket.close(CLOSE_TOO_MANY, "Too many messages.");
    // What still comes is not even read; ws ends the connection after its time-out.
    socket.pause();
  }

  return {
    inProgress: () => inProgress,
    send: (text) =>
      new Promise((resolve) => {
        if (socket.readyState !== socket.OPEN) {
          // Clients come and go as they like; what is still being made for one that is gone is no trouble.
          resolve();
          return;
        }
        if (socket.bufferedAmount > limits.unsentBytes) {
          closeSlow();
        }
        const slow = setTimeout(closeSlow, limits.sendTimeoutMs);
        socket.send(text, () => {
          clearTimeout(slow);
          resolve();
        });
      }),
    onMessage: (work) => {
      socket.on("message", (data: Buffer, isBinary: boolean) => {
        if (socket.readyState !== socket.OPEN) {
          return;
        }
        if (isBinary) {
          socket.close(1003, "Messages are texts.");
          return;
        }
        // Each operation is one; as many again may wait for their answers, such as pings.
        if (!rate.mayCome() || inProgress >= 2 * limits.operations) {
          closeFlood();
          return;
        }
        inProgress += 1;
        void work(data.toString()).finally(() => {
          inProgress -= 1;
        });
      });
    },
  };
}
