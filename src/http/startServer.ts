import { type IncomingMessage, createServer } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { checkDatabase } from "../database/connectionCheck.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { createPool } from "../database/pool.ts";
import { createQueryPool } from "../database/queryPool.ts";
import { DEFAULT_SCHEMA_NAMES, type SchemaNames } from "../database/schemaNames.ts";
import type { TokenOptions } from "../config/tokenOptions.ts";
import type { GraphqlHandler } from "../graphql/graphqlHandler.ts";
import { createJobNews } from "../graphql/subscriptions/jobNews.ts";
import type { SocketLimits } from "../graphql/websockets/socketLimits.ts";
import { endsWithin } from "../engine/deadline.ts";
import { demandGraphqlPackages, loadGraphqlHandler } from "./graphqlPackages.ts";
import { demandLocalHost, isLocalHost, listen } from "./listen.ts";
import { createRequestGuard, demandLocalOrigins } from "./requestGuard.ts";
import { createRoutes } from "./routes.ts";
import { pathOf, sendText } from "./send.ts";
import { demandServerLogin } from "./serverLogin.ts";
import { CLOSING, endUpgrade, upgradeRefusalOf } from "./upgrades.ts";

/** The port of the server unless a setting says otherwise. */
export const DEFAULT_PORT = 5678;
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_SHUTDOWN_GRACE_MS = 10_000;
const DEFAULT_MAX_CONNECTIONS = 10;
const REQUEST_TIMEOUT_MS = 30_000;
// Longer than proxies keep an unused connection, or they would send a request into one that we are closing.
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const LAST_WORDS_MS = 1000;

/** What {@link startServer} takes. */
export interface ServerOptions {
  /** A migrated database. */
  readonly connectionString: string;
  /** What Ratchet's schemas are called. Default: `ratchet` and `graphile_worker`. */
  readonly schemas?: SchemaNames | undefined;
  /** An address of this machine; without tokens one that only it reaches. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Lets `host` be any address without tokens, though whoever reaches the server reads every job: for containers. Default false. */
  readonly allowRemote?: boolean | undefined;
  /** 0 lets the system choose. Default 5678. */
  readonly port?: number | undefined;
  /** Connections to Postgres that GraphQL uses at most. Default 10. */
  readonly maxConnections?: number | undefined;
  /** How long Postgres works on one statement of GraphQL, in ms. Default 10,000. */
  readonly statementTimeoutMs?: number | undefined;
  /** How long after a subscription's snapshot the next one is made although no change was heard of, in ms. Default 10,000. */
  readonly rereadMs?: number | undefined;
  /** Which tokens count. Default: nobody is asked for one, all is done as the login of the connection. */
  readonly tokens?: TokenOptions | undefined;
  /** Sites whose pages may use the API. Default: none but this server's own. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Whether `/ruru` is shown and introspection answered. Default: as long as nobody is asked for a token. */
  readonly explore?: boolean | undefined;
  /** Where the dashboard was built. Default: where the package has it. */
  readonly dashboardFolder?: string | undefined;
  /** Where queries go: a replica or a transaction pooler. Default: where everything goes. */
  readonly queryConnectionString?: string | undefined;
  /** Changes of the limits of websockets. Default: none. */
  readonly socketLimits?: Partial<SocketLimits> | undefined;
  /** How long requests may go on after `close()`, in ms. Default 10,000. */
  readonly shutdownGraceMs?: number | undefined;
  readonly log: Logger;
}

/** A server of this process. */
export interface RunningServer {
  /** Such as `http://127.0.0.1:5678`, without a slash. */
  readonly url: string;
  /**
   * Resolves when GraphQL is served; requests that come earlier wait for it. If it rejects, the server has closed itself.
   * @throws {RatchetError} RT101, RT102, RT106 (not migrated), RT107, RT124
   */
  readonly ready: Promise<void>;
  /** Takes no more requests, lets those in progress end within the grace, and closes the connections. Safe twice. */
  close(): Promise<void>;
}

/**
 * Starts the server: `/graphql`, `/ruru`, `/healthz` and a page at `/`. Resolves as soon as the port is ours. A restart of
 * Postgres costs it the requests of that moment.
 * @throws {RatchetError} RT104 (port), RT110 (an address that other machines reach), RT131 (packages)
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { connectionString, log, schemas = DEFAULT_SCHEMA_NAMES, host = DEFAULT_HOST } = options;
  const graceMs = options.shutdownGraceMs ?? DEFAULT_SHUTDOWN_GRACE_MS;
  const { tokens, corsOrigins = [], explore = tokens === undefined } = options;
  if (tokens === undefined) {
    demandLocalOrigins(corsOrigins);
    if (options.allowRemote !== true) {
      demandLocalHost(host);
    }
  }
  demandGraphqlPackages();

  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS });
  const port = await listen(server, host, options.port ?? DEFAULT_PORT);
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

  const shared = { connectionString, applicationName: "ratchet server", log };
  // PostGraphile writes the names of the schemas itself.
  const pool = createPool({ ...shared, max: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS });
  const queryPool =
    options.queryConnectionString === undefined
      ? undefined
      : createQueryPool({ connectionString: options.queryConnectionString, max: pool.options.max, log });
  const healthPool = createPool({ ...shared, max: 1, schemas });

  const news = createJobNews({ connectionString, schemas, log });
  /** None before GraphQL is served. */
  let webSockets: GraphqlHandler["webSockets"] | undefined;

  async function loadGraphql(): Promise<GraphqlHandler> {
    await checkDatabase(healthPool);
    await checkMigrated(healthPool);
    if (tokens !== undefined) {
      await demandServerLogin(healthPool);
    }
    const handler = await loadGraphqlHandler({
      pool,
      queryPool,
      schema: schemas.ratchet,
      statementTimeoutMs: options.statementTimeoutMs,
      // Half of the connections are left for queries.
      subscriptions: { news, mostReadsAtOnce: Math.ceil(pool.options.max / 2), rereadMs: options.rereadMs },
      tokens,
      explore,
      socketLimits: options.socketLimits,
      log,
    });
    ({ webSockets } = handler);
    return handler;
  }
  const graphql = loadGraphql();
  const guard = createRequestGuard({ isLocalOnly: tokens === undefined, corsOrigins });
  const answer = createRoutes({
    graphql,
    healthPool,
    guard,
    explore,
    dashboard: { tokens, explore, folder: options.dashboardFolder },
  });
  let isClosing = false;
  server.on("request", (request, response) => {
    response.once("close", () => {
      log.debug({ method: request.method, path: pathOf(request), status: response.statusCode }, "request answered");
      if (isClosing) {
        // Only after this event its connection counts as idle.
        setImmediate(() => {
          server.closeIdleConnections();
        });
      }
    });
    Promise.resolve(answer(request, response)).catch((error: unknown) => {
      log.error({ err: error, path: pathOf(request) }, "a request failed");
      sendText(response, 500, "Something went wrong inside; the log has it.\n");
    });
  });

  server.on("upgrade", (request, socket, head) => {
    socket.on("error", ({ message: errorMessage }) => {
      log.debug({ errorMessage }, "a connection failed that was to become a websocket");
    });
    const refusal = isClosing ? CLOSING : upgradeRefusalOf(request, guard);
    if (refusal === undefined) {
      void upgrade(request, socket, head);
    } else {
      endUpgrade(socket, refusal);
    }
  });

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      (await graphql).webSockets.upgrade(request, socket, head);
    } catch {
      endUpgrade(socket, CLOSING);
    }
  }

  async function becomeReady(): Promise<void> {
    try {
      await graphql;
    } catch (error) {
      await close();
      throw error;
    }
    log.info({ url }, "server started");
    if (tokens === undefined) {
      log.warn(
        { host },
        isLocalHost(host)
          ? "there is no authentication: whoever uses this machine reads and changes every job"
          : "there is no authentication, and the server listens beyond this machine: whoever reaches it reads and changes every job",
      );
    }
  }

  async function closeAll(): Promise<void> {
    isClosing = true;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    void webSockets?.close();
    if (!(await endsWithin(closed, graceMs))) {
      log.warn({ graceMs }, "requests were cut off: they did not end within the grace");
      server.closeAllConnections();
      webSockets?.cutOff();
    }
    await endsWithin(
      graphql.then((handler) => handler.close()),
      LAST_WORDS_MS,
    );
    // A connection whose statement still runs would hold this up.
    await endsWithin(Promise.all([pool.end(), queryPool?.end(), healthPool.end(), news.close()]), LAST_WORDS_MS);
    log.info({ url }, "server stopped");
  }
  let closing: Promise<void> | undefined;
  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }
  const ready = becomeReady();
  // Nobody need be interested; whoever is gets the error all the same.
  ready.catch(() => {});
  return { url, ready, close };
}
