import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import { renameSchemas } from "../database/schemaNames.ts";
import { asTyped } from "./asTyped.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { examine } from "./doctor/examine.ts";
import { type Finding, type Level, worstOf } from "./doctor/finding.ts";
import { mapGraphileJob } from "./doctor/graphileJob.ts";
import { withExamples } from "./examples.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import type { Tone } from "./output/paint.ts";
import { breakLines, countOf, oneLine, pad } from "./output/text.ts";

/** `ratchet doctor`: what is wrong, and what to do. */
export function createDoctorCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("doctor")
    .summary("look for what is wrong")
    .description(
      "Looks at programs, connection, migrations, rights, workers, definitions, wake-ups and contradictions, and says what to do. Changes nothing. The exit status is 7 if something is a problem.",
    )
    .option("--strict", "exit with status 7 for a warning too")
    .addOption(
      new Option("--graphile-job <id or key>", "instead: which job is this graphile-worker job about?").conflicts(
        "strict",
      ),
    )
    .option("--json", "print JSON")
    .action(async ({ strict = false, graphileJob, json = false }) => {
      const config = await context.config();
      if (graphileJob !== undefined) {
        await withDatabase({ config, purpose: "doctor" }, (database) =>
          mapGraphileJob(context, database, graphileJob, json),
        );
        return;
      }
      const findings = (await examine(config)).map(({ check, level, message, advice }): Finding => {
        const named = advice === undefined ? undefined : renameSchemas(advice, config.schemas);
        return { check, level, message, advice: named === undefined ? undefined : asTyped(named, context.command) };
      });
      const worst = worstOf(findings);
      context.print(...(json ? [JSON.stringify({ worst, findings }, null, 2)] : formatFindings(context, findings)));
      if (worst === "problem" || (strict && worst === "warning")) {
        context.exitWith(EXIT_CODES.problem.code);
      }
    });
  return withExamples(command, context, [
    ["when something does not work", "ratchet doctor"],
    ["after a deployment, in a script", "ratchet doctor --strict --json"],
    ["a log of graphile-worker's names job 1234: which one is it?", "ratchet doctor --graphile-job 1234"],
  ]);
}

const TONES: Readonly<Record<Level, Tone>> = { ok: "good", warning: "odd", problem: "bad" };
const INDENT = 9;

function formatFindings(context: CliContext, findings: readonly Finding[]): string[] {
  const width = (context.stdout.columns ?? 80) - INDENT;
  const lines = findings.flatMap(({ level, message, advice }) => {
    const [first = "", ...rest] = message.split("\n").flatMap((line) => breakLines(oneLine(line), width));
    const next = advice === undefined ? [] : breakLines(oneLine(advice), width);
    return [
      `${context.paint(TONES[level], pad(level, INDENT))}${first}`,
      ...rest.map((line) => `${" ".repeat(INDENT)}${line}`),
      ...next.map((line) => `${" ".repeat(INDENT)}${context.paint("faint", line)}`),
    ];
  });
  const count = (wanted: Level) => findings.filter(({ level }) => level === wanted).length;
  const problems = count("problem");
  const warnings = count("warning");
  return [...lines, "", `${countOf(problems, "problem")}, ${countOf(warnings, "warning")}.`];
}
