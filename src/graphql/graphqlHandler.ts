import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type pg from "pg";
import type { Logger } from "pino";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { createGraphqlPreset } from "./preset.ts";
import type { SubscriptionOptions } from "./subscriptions/subscriptionPlugin.ts";

/** What {@link createGraphqlHandler} takes. */
export interface GraphqlHandlerOptions {
  /** Connections to a migrated database; whoever made it ends it. */
  readonly pool: pg.Pool;
  /** The name of the schema `ratchet`. */
  readonly schema: string;
  /** How long Postgres works on one statement, in ms. Default 10,000. */
  readonly statementTimeoutMs?: number | undefined;
  /** Default: there are no subscriptions. */
  readonly subscriptions?: SubscriptionOptions | undefined;
  readonly log: Logger;
}

/** Answers requests for `/graphql`, `/ruru` and `/ruru-static/`. */
export interface GraphqlHandler {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Lets go of what was built; requests must have ended. */
  close(): Promise<void>;
}

/** Reads the database's schema and builds the API from it. */
export async function createGraphqlHandler({
  pool,
  schema,
  statementTimeoutMs,
  subscriptions,
  log,
}: GraphqlHandlerOptions): Promise<GraphqlHandler> {
  const instance = postgraphile({
    extends: [createGraphqlPreset({ getLog: () => log, getSchema: () => schema, statementTimeoutMs, subscriptions })],
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
    close: async () => {
      await serving.release();
      await instance.release();
    },
  };
}
