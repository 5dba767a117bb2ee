import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type pg from "pg";
import type { Logger } from "pino";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { makeGraphQLWSConfig } from "postgraphile/grafserv";
import { grafserv } from "postgraphile/grafserv/node";
import type { TokenOptions } from "../config/tokenOptions.ts";
import { limitAnswers } from "../database/answerLimit.ts";
import { createTokenVerifier } from "./authentication/tokenVerifier.ts";
import { LIMITS } from "./limits.ts";
import { createGraphqlPreset } from "./preset.ts";
import { createReadTransactions } from "./readTransactions.ts";
import type { SubscriptionOptions } from "./subscriptions/subscriptionPlugin.ts";
import { SOCKET_LIMITS, type SocketLimits } from "./websockets/socketLimits.ts";
import { type GraphqlWebSockets, createWebSocketServer } from "./websockets/webSocketServer.ts";

/** What {@link createGraphqlHandler} takes. */
export interface GraphqlHandlerOptions {
  /** Connections to a migrated database; whoever made it ends it. */
  readonly pool: pg.Pool;
  /** Connections for queries, to a replica or a transaction pooler. Default: the same. */
  readonly queryPool?: pg.Pool | undefined;
  /** The name of the schema `ratchet`. */
  readonly schema: string;
  /** How long Postgres works on one statement, in ms. Default 10,000. */
  readonly statementTimeoutMs?: number | undefined;
  /** Default: there are no subscriptions. */
  readonly subscriptions?: SubscriptionOptions | undefined;
  /** Which tokens count. Default: nobody is asked for one, and all is done as the login of the pool. */
  readonly tokens?: TokenOptions | undefined;
  /** Whether introspection is answered and `/ruru` shown. */
  readonly explore: boolean;
  /** Changes of the limits of websockets. Default: none. */
  readonly socketLimits?: Partial<SocketLimits> | undefined;
  readonly log: Logger;
}

/** Answers requests for `/graphql`, `/ruru` and `/ruru-static/`, and websockets. */
export interface GraphqlHandler {
  handle(request: IncomingMessage, response: ServerResponse): void;
  readonly webSockets: GraphqlWebSockets;
  /** Lets go of what was built; requests must have ended. */
  close(): Promise<void>;
}

/** Reads the database's schema and builds the API from it. */
export async function createGraphqlHandler({
  pool,
  queryPool,
  schema,
  statementTimeoutMs,
  subscriptions,
  tokens,
  explore,
  socketLimits = {},
  log,
}: GraphqlHandlerOptions): Promise<GraphqlHandler> {
  for (const each of queryPool === undefined ? [pool] : [pool, queryPool]) {
    limitAnswers(each, LIMITS.answerBytes);
  }
  const verify = tokens === undefined ? null : await createTokenVerifier(tokens, log);
  const verifying = verify === null ? null : Promise.resolve(verify);
  const instance = postgraphile({
    extends: [
      createGraphqlPreset({
        getLog: () => log,
        getSchema: () => schema,
        getVerifier: () => verifying,
        statementTimeoutMs,
        explore: () => explore,
        readClients: {
          query: createReadTransactions(queryPool ?? pool),
          subscription: createReadTransactions(pool),
        },
        connections: { count: pool.options.max, areQueriesElsewhere: queryPool !== undefined },
        subscriptions,
      }),
    ],
    pgServices: [makePgService({ pool, schemas: [schema], pubsub: false })],
  });
  const serving = instance.createServ(grafserv);
  // Never listens: a server is what grafserv takes requests from, and ours has paths of its own.
  const requests = createServer();
  await serving.addTo(requests);
  try {
    await instance.getSchema();
    await serving.ready();
  } catch (error) {
    await instance.release();
    throw error;
  }
  return {
    handle: (request, response) => {
      requests.emit("request", request, response);
    },
    webSockets: createWebSocketServer({
      serverOptions: makeGraphQLWSConfig(serving),
      verify,
      limits: { ...SOCKET_LIMITS, ...socketLimits },
      log,
    }),
    close: async () => {
      await serving.release();
      await instance.release();
    },
  };
}
