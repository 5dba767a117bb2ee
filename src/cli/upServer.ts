import type { Logger } from "pino";

import type { Config } from "../config/config.ts";
import { schemasOf } from "../database/schemaNames.ts";
import { isRatchetError } from "../errors/ratchetError.ts";
import { missingGraphqlPackages } from "../http/graphqlPackages.ts";
import type { RunningServer as UpServer } from "../http/startServer.ts";
import type { CommandDatabase } from "./database.ts";

export type { RunningServer as UpServer } from "../http/startServer.ts";

/** What {@link startUpServer} takes. */
export interface UpServerOptions {
  readonly config: Config;
  readonly database: CommandDatabase;
  /** As given on the command line. */
  readonly host: string | undefined;
  /** As given on the command line. */
  readonly port: number | undefined;
  readonly log: Logger;
}

/**
 * Starts the server of `ratchet up`; null if the packages of GraphQL, which are optional, are not installed. If nobody has
 * chosen a port and the default one is taken, it takes a free one: the command is there to get going.
 * @throws {RatchetError} RT104, RT110
 */
export async function startUpServer(options: UpServerOptions): Promise<UpServer | null> {
  const { config, database, log } = options;
  if (missingGraphqlPackages().length > 0) {
    return null;
  }
  const { DEFAULT_PORT, startServer } = await import("../http/startServer.ts");
  const start = (port: number): Promise<UpServer> =>
    startServer({
      connectionString: database.url,
      schemas: schemasOf(database.pool),
      host: options.host ?? config.host,
      port,
      allowRemote: config.allowRemote,
      tokens: config.tokens ?? undefined,
      corsOrigins: config.corsOrigins,
      explore: config.explore,
      queryConnectionString: config.queryDatabaseUrl ?? undefined,
      shutdownGraceMs: config.shutdownGraceMs,
      log,
    });
  const wanted = options.port ?? config.port;
  try {
    return await start(wanted);
  } catch (error) {
    if (options.port === undefined && wanted === DEFAULT_PORT && isRatchetError(error) && error.code === "RT104") {
      return start(0);
    }
    throw error;
  }
}
