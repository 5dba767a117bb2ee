import type { IncomingMessage, ServerResponse } from "node:http";
import type pg from "pg";
import { ping } from "../database/calls/ping.ts";
import type { GraphqlHandler } from "../graphql/graphqlHandler.ts";
import { endsWithin } from "../engine/deadline.ts";
import { HOME_PAGE, HOME_POLICY, RURU_POLICY } from "./pages.ts";
import { refusalOf } from "./requestGuard.ts";
import { pathOf, send, sendText } from "./send.ts";

const PING_TIMEOUT_MS = 3000;

/** What the answers are made from. */
export interface RouteParts {
  readonly graphql: Promise<GraphqlHandler>;
  /** Of its own, so that a server whose connections are all busy is not taken for dead. */
  readonly healthPool: pg.Pool;
}

type Respond = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Creates what answers every request of the server. */
export function createRoutes({ graphql, healthPool }: RouteParts): Respond {
  function routeOf(path: string): [methods: readonly string[], respond?: Respond] {
    if (path === "/graphql") {
      return [["POST"], respondGraphql];
    }
    if (path === "/ruru" || path.startsWith("/ruru-static/")) {
      return [["GET", "HEAD"], respondRuru];
    }
    if (path === "/healthz") {
      return [["GET", "HEAD"], respondHealth];
    }
    if (path === "/favicon.ico") {
      return [["GET", "HEAD"], respondNothing];
    }
    return path === "/" ? [["GET", "HEAD"], respondHome] : [[]];
  }

  async function respondGraphql(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("cache-control", "no-store");
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

  return async (request, response) => {
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    const refusal = refusalOf(request.headers);
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
      response.setHeader("allow", methods.join(", "));
      sendText(response, 405, `This path takes ${methods.join(" or ")} only.\n`);
    }
  };
}

/** Browsers ask for an icon by themselves and report it if there is none. */
function respondNothing(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204).end();
}

function respondHome(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("content-security-policy", HOME_POLICY);
  send(response, { status: 200, type: "text/html; charset=utf-8", body: HOME_PAGE });
}
