import type { IncomingMessage, ServerResponse } from "node:http";

/** The path of a request, without what follows a question mark. */
export function pathOf({ url = "/" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "/";
}

/** Sends a text for people. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, { status, type: "text/plain; charset=utf-8", body: text });
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
