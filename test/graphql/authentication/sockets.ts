import { once } from "node:events";

import { type RawData, WebSocket } from "ws";
import { onTestFinished } from "vitest";

/** A websocket as an attacker has it in hand, every message by itself. */
export interface RawSocket {
  readonly socket: WebSocket;
  readonly send: (message: unknown) => void;
  /** The next message that has come or comes; they are given out once each. */
  readonly receive: () => Promise<Record<string, unknown>>;
  /** How it was closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Opens a websocket to a server's `/graphql`; rejects if the server refuses to. */
export async function openSocket(
  url: string,
  { headers = {}, protocol = "graphql-transport-ws" }: { headers?: Record<string, string>; protocol?: string } = {},
): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, protocol, { headers });
  onTestFinished(() => {
    socket.terminate();
  });
  const messages: Record<string, unknown>[] = [];
  const waiting: ((message: Record<string, unknown>) => void)[] = [];
  socket.on("message", (data: RawData) => {
    const message = JSON.parse((data as Buffer).toString()) as Record<string, unknown>;
    const taker = waiting.shift();
    if (taker === undefined) {
      messages.push(message);
    } else {
      taker(message);
    }
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
  await once(socket, "open");
  socket.on("error", () => {});
  return {
    socket,
    send: (message) => {
      socket.send(typeof message === "string" ? message : JSON.stringify(message));
    },
    receive: () => {
      const message = messages.shift();
      return message === undefined
        ? new Promise((resolve) => {
            waiting.push(resolve);
          })
        : Promise.resolve(message);
    },
    closed,
  };
}
