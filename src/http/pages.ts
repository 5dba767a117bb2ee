import { RATCHET_VERSION } from "../engine/version.ts";

/** What a browser may load with the page: nothing but its own style. */
export const HOME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** An answer of the API is no page. */
export const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** What Ruru needs: all of it is served by us, and no request leaves this server. */
export const RURU_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "frame-ancestors 'none'",
].join("; ");

/** The page at `/`; with or without Ruru. */
export function homePage(explore: boolean): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ratchet</title>
<style>
  body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } a { color: #8bf } }
</style>
<h1>Ratchet ${RATCHET_VERSION}</h1>
<ul>
${explore ? '  <li><a href="/ruru">/ruru</a>: try GraphQL queries, with documentation and completion\n' : ""}  <li>/graphql: the GraphQL API, by POST with <code>Content-Type: application/json</code>
  <li><a href="/healthz">/healthz</a>: whether this server and its database answer
</ul>
`;
}
