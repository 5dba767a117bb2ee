import type { IncomingHttpHeaders } from "node:http";
import { RatchetError } from "../errors/ratchetError.ts";

/** An answer that refuses a request. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** Says whose requests are answered. */
export interface RequestGuard {
  /** Why a request is not for us; undefined if it is. */
  readonly refusalOf: (headers: IncomingHttpHeaders) => Refusal | undefined;
  /** Headers that let a page of another site read the answer; none if it may not, or is of this server. */
  readonly corsHeadersOf: (headers: IncomingHttpHeaders) => Readonly<Record<string, string>>;
}

/** What {@link createRequestGuard} takes. */
export interface RequestGuardOptions {
  /** Whether nobody is asked for a token, so that only this machine may come. */
  readonly isLocalOnly: boolean;
  /** Sites whose pages may come. */
  readonly corsOrigins: readonly string[];
}

const OUR_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Creates the guard at the door. A page of another site must not reach the API through the browser of somebody who works on
 * this machine: its host name may lead to 127.0.0.1 (DNS rebinding), and a form, a script or a websocket of it may send us a
 * request. With tokens the host does not matter, since a page has no token that its user did not give it.
 */
export function createRequestGuard({ isLocalOnly, corsOrigins }: RequestGuardOptions): RequestGuard {
  const allowed = new Set(corsOrigins);

  function isWelcome(origin: string, host: string | undefined): boolean {
    return allowed.has(origin) || (isLocalOnly ? isOurs(origin) : isSameSite(origin, host));
  }

  return {
    refusalOf: ({ host, origin }) => {
      if (isLocalOnly && !isOurs(`http://${host ?? ""}`)) {
        return {
          status: 421,
          text: "This server answers only requests to localhost, 127.0.0.1 or [::1], because it asks for no token.\n",
        };
      }
      // Browsers send `null` for a file or a sandboxed frame.
      return origin === undefined || isWelcome(origin, host)
        ? undefined
        : {
            status: 403,
            text: "This server does not answer the pages of that site; RATCHET_CORS_ORIGINS lists those it does.\n",
          };
    },
    corsHeadersOf: ({ origin }) =>
      origin !== undefined && allowed.has(origin)
        ? {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": "authorization, content-type",
            "access-control-max-age": "600",
          }
        : {},
  };
}

/**
 * Refuses pages of other machines as long as nobody is asked for a token.
 * @throws {RatchetError} RT110
 */
export function demandLocalOrigins(origins: readonly string[]): void {
  const others = origins.filter((origin) => !isOurs(origin));
  if (others.length > 0) {
    throw new RatchetError(
      "RT110",
      `RATCHET_CORS_ORIGINS lets pages of ${others.join(" and ")} in, and nobody is asked for a token.`,
      { hint: "Set RATCHET_JWT_SECRET, RATCHET_JWKS_URL or RATCHET_JWT_KEY_FILE, or leave these sites out." },
    );
  }
}

function isOurs(url: string): boolean {
  return URL.canParse(url) && OUR_HOSTS.has(new URL(url).hostname);
}

/** A proxy that speaks TLS for us leaves the host as it is, but not the scheme. */
function isSameSite(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host;
}
