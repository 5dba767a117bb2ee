import type { IncomingMessage, ServerResponse } from "node:http";
import { ERROR_CATALOGUE } from "../errors/catalogue.ts";
import type { RatchetError } from "../errors/ratchetError.ts";

/** The path of a request, without what follows a question mark. */
export function pathOf({ url = "/" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "/";
}

/** Sends a text for people. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, { status, type: "text/plain; charset=utf-8", body: text });
}

/** Sends an error as GraphQL's answers have theirs. */
export function sendErrors(response: ServerResponse, status: number, error: RatchetError): void {
  const { message, code, hint, retryable } = error;
  const { name } = ERROR_CATALOGUE[code];
  const body = JSON.stringify({ errors: [{ message, extensions: { code, name, hint, retryable } }] });
  send(response, { status, type: "application/json; charset=utf-8", body });
}

/** Sends a whole answer; to HEAD without its body. An answer that has begun is only ended. */
export function send(
  response: ServerResponse,
  { status, type, body }: { readonly status: number; readonly type: string; readonly body: string },
): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
