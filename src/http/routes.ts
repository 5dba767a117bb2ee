import type { IncomingMessage, ServerResponse } from "node:http";
import type pg from "pg";
import { ping } from "../database/calls/ping.ts";
import type { GraphqlHandler } from "../graphql/graphqlHandler.ts";
import { endsWithin } from "../engine/deadline.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { LIMITS } from "../graphql/limits.ts";
import { type DashboardOptions, loadDashboard } from "./dashboard.ts";
import { API_POLICY, HOME_POLICY, RURU_POLICY, homePage } from "./pages.ts";
import type { RequestGuard } from "./requestGuard.ts";
import { pathOf, send, sendErrors, sendText } from "./send.ts";

const PING_TIMEOUT_MS = 3000;

/** What the answers are made from. */
export interface RouteParts {
  readonly graphql: Promise<GraphqlHandler>;
  /** Of its own, so that a server whose connections are all busy is not taken for dead. */
  readonly healthPool: pg.Pool;
  readonly guard: RequestGuard;
  /** Whether there is `/ruru`. */
  readonly explore: boolean;
  readonly dashboard: DashboardOptions;
}

type Respond = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Creates what answers every request of the server. */
export function createRoutes({
  graphql,
  healthPool,
  guard,
  explore,
  dashboard: dashboardOptions,
}: RouteParts): Respond {
  // None before `npm run build`: a list of paths stands in its place.
  const dashboard = loadDashboard(dashboardOptions);
  let inProgress = 0;

  function routeOf(path: string): [methods: readonly string[], respond?: Respond] {
    if (path === "/graphql") {
      return [["POST", "OPTIONS"], respondGraphql];
    }
    if (explore && (path === "/ruru" || path.startsWith("/ruru-static/"))) {
      return [["GET", "HEAD"], respondRuru];
    }
    if (path === "/healthz") {
      return [["GET", "HEAD"], respondHealth];
    }
    if (path === "/favicon.ico") {
      return [["GET", "HEAD"], respondNothing];
    }
    if (dashboard?.has(path) === true) {
      return [["GET", "HEAD"], respondDashboard];
    }
    return path === "/" ? [["GET", "HEAD"], respondHome] : [[]];
  }

  async function respondGraphql(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("cache-control", "no-store");
    response.setHeader("content-security-policy", API_POLICY);
    response.setHeader("vary", "Origin");
    const corsHeaders = guard.corsHeadersOf(request.headers);
    for (const [name, value] of Object.entries(corsHeaders)) {
      response.setHeader(name, value);
    }
    if (request.method === "OPTIONS") {
      respondPreflight(response, corsHeaders["access-control-allow-origin"] !== undefined);
      return;
    }
    if (isTooLong(request)) {
      // What is sent all the same is not read.
      response.setHeader("connection", "close");
      sendErrors(response, 413, new RatchetError("RT132", `A request has at most ${LIMITS.bodyBytes} bytes.`));
      return;
    }
    if (inProgress >= LIMITS.requestsAtOnce) {
      const busy = new RatchetError("RT156", `The server answers ${LIMITS.requestsAtOnce} requests already.`);
      response.setHeader("retry-after", "1");
      sendErrors(response, 503, busy);
      return;
    }
    inProgress += 1;
    response.once("close", () => {
      inProgress -= 1;
    });
    (await graphql).handle(request, response);
  }

  async function respondRuru(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("content-security-policy", RURU_POLICY);
    (await graphql).handle(request, response);
  }

  async function respondHealth(_request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answered = ping(healthPool).then(
      () => true,
      () => false,
    );
    const isReachable = (await endsWithin(answered, PING_TIMEOUT_MS)) && (await answered);
    response.setHeader("cache-control", "no-store");
    send(response, {
      status: isReachable ? 200 : 503,
      type: "application/json",
      body: JSON.stringify({ database: isReachable ? "ok" : "unreachable" }),
    });
  }

  function respondDashboard(request: IncomingMessage, response: ServerResponse): void {
    dashboard?.respond(pathOf(request), request, response);
  }

  function respondHome(_request: IncomingMessage, response: ServerResponse): void {
    response.setHeader("content-security-policy", HOME_POLICY);
    send(response, { status: 200, type: "text/html; charset=utf-8", body: homePage(explore) });
  }

  return async (request, response) => {
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    response.setHeader("cross-origin-resource-policy", "same-origin");
    response.setHeader("x-frame-options", "DENY");
    const refusal = guard.refusalOf(request.headers);
    if (refusal !== undefined) {
      sendText(response, refusal.status, refusal.text);
      return;
    }
    const path = pathOf(request);
    const [methods, respond] = routeOf(path);
    if (respond === undefined) {
      sendText(response, 404, "There is nothing at this path; / lists what there is.\n");
    } else if (methods.includes(request.method ?? "")) {
      await respond(request, response);
    } else {
      // OPTIONS is for browsers alone.
      const named = methods.filter((method) => method !== "OPTIONS");
      response.setHeader("allow", named.join(", "));
      sendText(response, 405, `This path takes ${named.join(" or ")} only.\n`);
    }
  };
}

/** Asked by browsers before a page of another site may send a request; one of this site is not asked about. */
function respondPreflight(response: ServerResponse, isAllowed: boolean): void {
  if (isAllowed) {
    response.writeHead(204).end();
  } else {
    response.setHeader("allow", "POST");
    sendText(response, 405, "This path takes POST only.\n");
  }
}

function isTooLong({ headers }: IncomingMessage): boolean {
  return Number(headers["content-length"] ?? 0) > LIMITS.bodyBytes;
}

/** Browsers ask for an icon by themselves and report it if there is none. */
function respondNothing(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204).end();
}
