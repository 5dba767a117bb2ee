import { RatchetError } from "../../errors/ratchetError.ts";

/** Longer than any token of a few claims; what is longer is not looked at. */
const LONGEST_TOKEN = 8192;

// RFC 6750, section 2.1: one space or more, then a token of these characters.
const BEARER = /^bearer +(?<token>[\w\-.~+\/]+=*)$/iv;

/**
 * The token of an Authorization header, or of the parameter `authorization` of a websocket: `Bearer …`.
 * @throws {RatchetError} RT153 if there is none.
 */
export function bearerToken(authorization: unknown): string {
  if (authorization === undefined || authorization === null || authorization === "") {
    throw new RatchetError("RT153", "This API wants to know who asks, and the request has no token.");
  }
  const token =
    typeof authorization === "string" && authorization.length <= LONGEST_TOKEN
      ? BEARER.exec(authorization)?.groups?.["token"]
      : undefined;
  if (token === undefined) {
    throw new RatchetError("RT153", "The authorization is no token: it must read Bearer and the token.");
  }
  return token;
}
