import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import type { Config } from "../config/config.ts";
import { createMigrationScript, type MigrationScript } from "../database/migrationScript.ts";
import { migrate } from "../database/migrator.ts";
import { silentLog } from "../database/log.ts";
import { schemasOf } from "../database/schemaNames.ts";
import { createLogger } from "../telemetry/logger.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { oneLine } from "./output/text.ts";
import { registerTaskFolder } from "./registerTaskFolder.ts";

/** `ratchet migrate`: brings a database to this version's schema and registers the definitions. */
export function createMigrateCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("migrate")
    .summary("bring the database up to date")
    .description(
      "Runs graphile-worker's and Ratchet's migrations and registers the definitions of the task folder, so that jobs can be queued before the first worker starts. Safe to run at any time, by several at once.",
    )
    .option(
      "--print-sql",
      "change nothing: print what would be run on the database of DATABASE_URL (unset: on an empty one), for somebody who may",
    )
    .action(async ({ printSql = false }) => {
      const config = await context.config();
      await (printSql ? print(context, config) : run(context, config));
    });
  return withExamples(command, context, [
    ["once a deployment, before the workers start", "ratchet migrate"],
    ["for a DBA", "ratchet migrate --print-sql > ratchet.sql"],
    ["and what the DBA does", "psql --set ON_ERROR_STOP=1 --file ratchet.sql"],
  ]);
}

async function run(context: CliContext, config: Config): Promise<void> {
  await withDatabase({ config, purpose: "migrate" }, async ({ pool }) => {
    const log = createLogger({ level: "silent" });
    const { applied, schemaRefreshed, missingRoles } = await migrate(pool, {
      log: {
        ...silentLog,
        // What it waits for, and what stays behind, is for whoever watches.
        warn: (fields, message) => {
          context.remark(`${message}: ${JSON.stringify(fields)}`);
        },
      },
    });
    const identifiers = await registerTaskFolder(pool, config.taskFolder, { makeCurrent: true, log });
    context.print(
      applied.length > 0 ? `Applied: ${applied.join(", ")}.` : "No migration was left to apply.",
      schemaRefreshed ? "Functions, views and triggers are renewed." : "Functions, views and triggers are up to date.",
      `Definitions registered: ${identifiers.join(", ")}.`,
    );
    if (missingRoles.length > 0) {
      context.remark(
        "Logins of services and the GraphQL server with tokens need roles that this one may not make. Let somebody who may run this, then migrate once more:",
      );
      for (const command of missingRoles) {
        context.remark(`  ${command}`);
      }
    }
  });
}

async function print(context: CliContext, config: Config): Promise<void> {
  if (config.databaseUrl === null) {
    context.print(...withHeader(await createMigrationScript(null, config.schemas)));
    return;
  }
  await withDatabase({ config, purpose: "migrate" }, async ({ pool }) => {
    context.print(...withHeader(await createMigrationScript(pool, schemasOf(pool))));
  });
}

function withHeader({ sql, version, database }: MigrationScript): string[] {
  const title = `-- Ratchet ${version}, made by \`ratchet migrate --print-sql\` for ${database === null ? "an empty database" : `database "${oneLine(database)}"`}.`;
  if (sql === null) {
    return [title, "-- Nothing is to be done: it is up to date."];
  }
  return [
    title,
    "-- Run it as the role that is to own the schemas. It is one transaction: after an error nothing is changed.",
    "-- Definitions are not in it: each worker registers those of its task folder when it starts.",
    "",
    sql,
  ];
}
