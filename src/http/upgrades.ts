import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Refusal, RequestGuard } from "./requestGuard.ts";
import { pathOf } from "./send.ts";

/** The answer to whoever wants a websocket of a server that stops. */
export const CLOSING: Refusal = { status: 503, text: "The server stops or restarts.\n" };

/** Why a request cannot become a websocket; undefined if it can. Browsers let pages of any site open one. */
export function upgradeRefusalOf(request: IncomingMessage, guard: RequestGuard): Refusal | undefined {
  const refusal = guard.refusalOf(request.headers);
  return refusal === undefined && pathOf(request) !== "/graphql"
    ? { status: 404, text: "Websockets are at /graphql.\n" }
    : refusal;
}

/** Ends a connection that does not become a websocket. */
export function endUpgrade(socket: Duplex, { status, text }: Refusal): void {
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "Content-Type: text/plain; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(text)}`,
      "Connection: close",
      "",
      text,
    ].join("\r\n"),
  );
}
