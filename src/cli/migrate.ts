import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { migrate } from "../database/migrator.ts";
import { createLogger } from "../telemetry/logger.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { registerTaskFolder } from "./registerTaskFolder.ts";

/** `ratchet migrate`: brings a database to this version's schema and registers the definitions. */
export function createMigrateCommand(context: CliContext): CommandUnknownOpts {
  return new Command("migrate")
    .summary("bring the database up to date")
    .description(
      "Runs graphile-worker's and Ratchet's migrations and registers the definitions of the task folder, so that jobs can be queued before the first worker starts. Safe to run at any time, by several at once.",
    )
    .action(async () => {
      const config = context.config();
      await withDatabase({ config, purpose: "migrate" }, async ({ pool }) => {
        const log = createLogger({ level: "silent" });
        const { applied, schemaRefreshed } = await migrate(pool, { log });
        const identifiers = await registerTaskFolder(pool, config.taskFolder, { makeCurrent: true, log });
        context.print(
          applied.length > 0 ? `Applied: ${applied.join(", ")}.` : "No migration was left to apply.",
          schemaRefreshed
            ? "Functions, views and triggers are renewed."
            : "Functions, views and triggers are up to date.",
          `Definitions registered: ${identifiers.join(", ")}.`,
        );
      });
    });
}
