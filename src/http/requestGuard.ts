import type { IncomingHttpHeaders } from "node:http";

/** An answer that refuses a request. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

const OUR_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Why a request is not for us; undefined if it is. The API asks for no password yet, so a page of another site must not
 * reach it through the browser of somebody who works on this machine: its host name may lead to 127.0.0.1 (DNS rebinding),
 * and a form or script of it may send us a request.
 */
export function refusalOf({ host, origin }: IncomingHttpHeaders): Refusal | undefined {
  if (!isOurs(`http://${host ?? ""}`)) {
    return {
      status: 421,
      text: "This server answers only requests to localhost, 127.0.0.1 or [::1], because it asks for no password.\n",
    };
  }
  // Browsers send `null` for a file or a sandboxed frame.
  if (origin !== undefined && !isOurs(origin)) {
    return { status: 403, text: "This server does not answer the pages of other sites.\n" };
  }
  return undefined;
}

function isOurs(url: string): boolean {
  return URL.canParse(url) && OUR_HOSTS.has(new URL(url).hostname);
}
