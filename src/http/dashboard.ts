import { readFileSync, readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import type { TokenOptions } from "../config/tokenOptions.ts";
import { RATCHET_VERSION } from "../engine/version.ts";

/** Where the build puts the dashboard: the same seen from `src/http` and from `dist/http`. */
const DASHBOARD_FOLDER = fileURLToPath(new URL("../../dist/dashboard/", import.meta.url));

/** What a browser may load with the dashboard: this server's own files and its API. */
const DASHBOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** What {@link loadDashboard} takes. */
export interface DashboardOptions {
  /** Which tokens the API asks for; undefined: none. */
  readonly tokens: TokenOptions | undefined;
  /** Whether there is `/ruru`. */
  readonly explore: boolean;
  /** Where it was built. Default: where the package has it. */
  readonly folder?: string | undefined;
}

/** The dashboard, ready to be sent. */
export interface Dashboard {
  /** Whether the path is one of the dashboard's. */
  has(path: string): boolean;
  /** Answers a request for such a path. */
  respond(path: string, request: IncomingMessage, response: ServerResponse): void;
}

interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
  readonly cacheControl: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const SETTINGS_PLACE = '<meta name="ratchet-settings" content="{}"';
const PAGES = /^\/(?:jobs(?:\/\d+)?|workers|add)?$/v;
// Their names hold a hash of their content.
const FOR_EVER = "public, max-age=31536000, immutable";

/** Reads the dashboard into memory, where it is 200 kB; null if it was not built: in a checkout before `npm run build`. */
export function loadDashboard({ tokens, explore, folder = DASHBOARD_FOLDER }: DashboardOptions): Dashboard | null {
  let page: string;
  const assets = new Map<string, Asset>();
  try {
    page = readFileSync(join(folder, "index.html"), "utf8");
    for (const name of readdirSync(join(folder, "assets"))) {
      assets.set(`/assets/${name}`, assetOf(name, readFileSync(join(folder, "assets", name)), FOR_EVER));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return null;
    }
    throw error;
  }
  // Read by src/dashboard/view/settings.ts.
  const settings = {
    version: RATCHET_VERSION,
    asksForToken: tokens !== undefined,
    roleClaim: tokens?.roleClaim,
    tenantClaim: tokens?.tenantClaim,
    explore,
  };
  const content = JSON.stringify(settings).replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const text = page.replace(SETTINGS_PLACE, () => `<meta name="ratchet-settings" content="${content}"`);
  const home = assetOf("index.html", Buffer.from(text), "no-cache");

  function assetAt(path: string): Asset | undefined {
    return PAGES.test(path) ? home : assets.get(path);
  }
  return {
    has: (path) => assetAt(path) !== undefined,
    respond: (path, request, response) => {
      const asset = assetAt(path);
      if (asset !== undefined) {
        sendAsset(asset, request, response);
      }
    },
  };
}

function assetOf(name: string, plain: Buffer, cacheControl: string): Asset {
  return { type: TYPES[extname(name)] ?? "application/octet-stream", plain, zipped: gzipSync(plain), cacheControl };
}

function sendAsset(
  { type, plain, zipped, cacheControl }: Asset,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const isZipped = /\bgzip\b/v.test(request.headers["accept-encoding"] ?? "");
  const body = isZipped ? zipped : plain;
  response.writeHead(200, {
    "content-type": type,
    "content-length": body.length,
    "cache-control": cacheControl,
    "content-security-policy": DASHBOARD_POLICY,
    vary: "Accept-Encoding",
    ...(isZipped ? { "content-encoding": "gzip" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
