import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import { isRatchetError } from "../../errors/ratchetError.ts";
import { bearerToken } from "./bearer.ts";
import { type Identity, noteIdentity } from "./identity.ts";
import type { TokenVerifier } from "./tokenVerifier.ts";

/** How a websocket is closed whose caller does not count; clients of graphql-ws do not come back by themselves. */
const CLOSE_UNAUTHORIZED = 4401;
/** How it is closed when the token is over; clients of graphql-ws come back, and ask for a new token first. */
const CLOSE_EXPIRED = 4403;
/** How it is closed when trying again later is all there is to do (RFC 6455's registry: Try Again Later). */
export const CLOSE_TRY_LATER = 1013;

/** A timer of Node's holds no more; the client comes back. */
const LONGEST_TIMER_MS = 2_147_483_647;
const LONGEST_REASON_BYTES = 123;

/**
 * Finds out who asks by a request, and notes it for `carrier`.
 * @throws {RatchetError} RT153, RT155
 */
export async function authenticate(carrier: object, authorization: unknown, verify: TokenVerifier): Promise<Identity> {
  const identity = await verify(bearerToken(authorization));
  noteIdentity(carrier, identity);
  return identity;
}

/**
 * Finds out who is at the other end of a websocket: by the header of its request, or, since a browser sends none, by the
 * parameter `authorization` of its first message. Ends the connection when the token does.
 * @throws {RatchetError} RT153, RT155
 */
export async function authenticateSocket(
  socket: WebSocket,
  request: IncomingMessage,
  connectionParams: Readonly<Record<string, unknown>> | undefined,
  verify: TokenVerifier,
): Promise<Identity> {
  const authorization =
    connectionParams?.["authorization"] ?? connectionParams?.["Authorization"] ?? request.headers.authorization;
  const identity = await authenticate(socket, authorization, verify);
  const expiry = setTimeout(
    () => {
      socket.close(CLOSE_EXPIRED, "The token has expired: connect again with a new one.");
    },
    Math.min(identity.expiresAtMs - Date.now(), LONGEST_TIMER_MS),
  );
  socket.once("close", () => {
    clearTimeout(expiry);
  });
  return identity;
}

/** Closes a websocket whose caller could not be found out. */
export function closeUnauthenticated(socket: WebSocket, error: unknown): void {
  if (isRatchetError(error) && (error.code === "RT153" || error.code === "RT155")) {
    const code = error.code === "RT155" ? CLOSE_TRY_LATER : CLOSE_UNAUTHORIZED;
    socket.close(error.detail === "expired" ? CLOSE_EXPIRED : code, shortReason(error.message));
  } else {
    socket.close(1011, "Something went wrong inside.");
  }
}

/** The reason of a close frame has 123 bytes at most. */
function shortReason(text: string): string {
  return Buffer.byteLength(text) <= LONGEST_REASON_BYTES ? text : `${text.slice(0, 60).toWellFormed()} …`;
}
