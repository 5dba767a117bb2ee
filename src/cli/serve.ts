import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import type { Config } from "../config/config.ts";
import { schemasOf } from "../database/schemaNames.ts";
import { demandGraphqlPackages } from "../http/graphqlPackages.ts";
import { createLogger } from "../telemetry/logger.ts";
import { wholeNumber } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { aborted, untilInterrupted } from "./interruption.ts";

/** `ratchet serve`: the GraphQL API until the process is asked to end; the log goes to standard output. */
export function createServeCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("serve")
    .summary("serve the dashboard and GraphQL until Ctrl-C")
    .description(
      "Serves a dashboard at /, /graphql and, to try queries in a browser, /ruru, until Ctrl-C or SIGTERM; for this machine only, unless it was told how to check tokens (RATCHET_JWT_SECRET, RATCHET_JWKS_URL or RATCHET_JWT_KEY_FILE). Logs JSON lines to standard output. The database must be migrated (ratchet migrate).",
    )
    .option(
      "--port <n>",
      "port to listen on, 0 for a free one; default: RATCHET_PORT, else 5678",
      wholeNumber(0, 65_535),
    )
    .option("--host <address>", "address of this machine to listen on; default: RATCHET_HOST, else 127.0.0.1")
    .action(async (options) => {
      demandGraphqlPackages();
      const config = await context.config();
      const log = createLogger({ level: config.logLevel });
      await untilInterrupted((signal) =>
        withDatabase({ config, purpose: "serve", log }, async ({ url: connectionString, pool }) => {
          // Only here: the packages of GraphQL are optional.
          const { startServer } = await import("../http/startServer.ts");
          const server = await startServer({
            connectionString,
            schemas: schemasOf(pool),
            host: options.host ?? config.host,
            port: options.port ?? config.port,
            allowRemote: config.allowRemote,
            tokens: config.tokens ?? undefined,
            corsOrigins: config.corsOrigins,
            explore: config.explore,
            queryConnectionString: config.queryDatabaseUrl ?? undefined,
            shutdownGraceMs: config.shutdownGraceMs,
            log,
          });
          try {
            await Promise.race([server.ready, aborted(signal)]);
            if (!signal.aborted) {
              context.remark(...whereServed(server.url, config));
            }
            await aborted(signal);
          } finally {
            await server.close();
          }
        }),
      );
    });
  return withExamples(command, context, [
    ["on http://127.0.0.1:5678", "ratchet serve"],
    ["beside something else that has that port", "ratchet serve --port 5679"],
  ]);
}

function whereServed(url: string, { explore, tokens }: Pick<Config, "explore" | "tokens">): string[] {
  return [
    `The dashboard is at ${url}`,
    `GraphQL is at ${url}/graphql${explore ? `; try it in a browser: ${url}/ruru` : ""}`,
    ...(tokens === null
      ? [
          "There is NO AUTHENTICATION: whoever uses this machine reads and changes every job. RATCHET_JWT_SECRET lets the server ask for tokens.",
        ]
      : []),
  ];
}
