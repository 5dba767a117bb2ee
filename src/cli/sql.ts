import { text } from "node:stream/consumers";

import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import pg from "pg";

import { checkMigrated } from "../database/migrationState.ts";
import { isRatchetError } from "../errors/ratchetError.ts";
import { asTyped } from "./asTyped.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { untilInterrupted } from "./interruption.ts";
import { withExamples } from "./examples.ts";
import { formatResult, formatResultAsJson, formatSqlError } from "./sql/formatResults.ts";
import { runStatements } from "./sql/runStatements.ts";

/** `ratchet sql "…"`: for machines without psql. */
export function createSqlCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("sql")
    .summary("run SQL and print the result")
    .description(
      "Runs one or several statements (several are one transaction) and prints what they give: for machines without psql.",
    )
    .argument("<statement>", "the SQL; - reads it from standard input")
    .option("--json", "print a line of JSON per statement: an array of its rows, or its command and row count")
    .action(async (statement, { json = false }) => {
      const sql = statement === "-" ? await text(context.stdin) : statement;
      const config = await context.config();
      await untilInterrupted((signal) =>
        withDatabase({ config, purpose: "sql" }, async ({ url, pool }) => {
          try {
            const results = await runStatements(sql, { connectionString: url, signal, onNotice: context.remark });
            for (const result of results) {
              context.print(...(json ? [formatResultAsJson(result)] : formatResult(result)));
            }
          } catch (error) {
            if (signal.aborted) {
              context.remark("Interrupted: the statement was stopped; what it had not committed is undone.");
              context.exitWith(EXIT_CODES.interrupted.code);
              return;
            }
            // Only what a statement did: a refused connection is told like everywhere else.
            if (!(error instanceof pg.DatabaseError) || error.severity === "FATAL") {
              throw error;
            }
            context.remark(
              ...formatSqlError(error, sql),
              ...(await hintForMissingSchema(error, pool, context.command)),
            );
            context.exitWith(EXIT_CODES.refused.code);
          }
        }),
      );
    });
  return withExamples(command, context, [
    ["what failed, and why", "ratchet sql 'select job_id, position, error_message from ratchet.task_failures'"],
    ["from a file, for a program", "ratchet sql --json - < report.sql"],
  ]);
}

// Undefined table, function, type, schema.
const UNDEFINED_OBJECT = new Set(["42P01", "42883", "42704", "3F000"]);

/** The hint for a statement that looks for what `ratchet migrate` has not made yet. */
async function hintForMissingSchema(refusal: pg.DatabaseError, pool: pg.Pool, command: string): Promise<string[]> {
  if (!UNDEFINED_OBJECT.has(refusal.code ?? "") || !refusal.message.includes("ratchet")) {
    return [];
  }
  try {
    await checkMigrated(pool);
    return [];
  } catch (error) {
    return isRatchetError(error) ? [`HINT:  ${error.message} ${asTyped(error.hint, command)}`] : [];
  }
}
