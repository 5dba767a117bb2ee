import { Command, CommanderError } from "@commander-js/extra-typings";

import { describeConfig } from "../config/describeConfig.ts";
import { RATCHET_VERSION } from "../engine/version.ts";
import { commandGroups } from "./commandGroups.ts";
import type { CliContext } from "./context.ts";
import { describeExitCodes, EXIT_CODES } from "./exitCodes.ts";
import { breakLines } from "./output/text.ts";
import { reportError } from "./printError.ts";

/**
 * Runs one command line (without node and script) and sets the exit status through the context. Never throws: every error
 * is printed as people can use it.
 */
export async function runCli(commandLine: readonly string[], context: CliContext): Promise<void> {
  const program = createProgram(context);
  try {
    await program.parseAsync([...commandLine], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed it already; help and version end with status 0.
      context.exitWith(error.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.usage.code);
      return;
    }
    const { debug = false } = program.opts();
    const report = reportError(error, { ...context, debug });
    context.remark(...report.lines);
    context.exitWith(report.exitCode);
  }
}

type ProgramCommand = Command<[], { debug?: true }>;

/** The program with all its commands, as commander has it. */
export function createProgram(context: CliContext): ProgramCommand {
  const program = new Command("ratchet")
    .description("Runs jobs in Postgres, each an ordered list of tasks; a finished task is never run again.")
    .version(RATCHET_VERSION, "-V, --version", "print the version")
    .option("--debug", "print where an error comes from")
    .addHelpText(
      "after",
      [
        "",
        "Settings (environment):",
        ...described(context, describeConfig()),
        "",
        "Exit status:",
        ...described(context, describeExitCodes()),
      ].join("\n"),
    );
  for (const { heading, commands } of commandGroups(context)) {
    program.commandsGroup(`${heading}:`);
    for (const command of commands) {
      program.addCommand(command);
    }
  }
  // Here, so that it is listed with the last group.
  program.helpCommand("help [command]", "show help for a command");
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => {
          context.print(text.trimEnd());
        },
        writeErr: (text) => {
          context.remark(...fitted(context, text.trimEnd()));
        },
      })
      .showHelpAfterError(`(${context.command} ${command === program ? "" : `${command.name()} `}--help says more)`);
  }
  return program;
}

/** Sentences broken between words to the width of a terminal that errors go to. */
function fitted({ errorColumns }: CliContext, text: string): string[] {
  const lines = text.split("\n");
  return errorColumns === undefined ? lines : lines.flatMap((line) => breakLines(line, errorColumns));
}

/** Lines of a name, two spaces and a text, indented; what does not fit goes on below the text's beginning. */
function described(context: CliContext, lines: readonly string[]): string[] {
  const width = context.stdout.columns ?? 80;
  return lines.flatMap((line) => {
    const head = /^\s*\S+\s+/v.exec(`  ${line}`)?.[0] ?? "";
    const [first = "", ...rest] = breakLines(line.trimStart().slice(head.trimStart().length), width - head.length);
    return [`${head}${first}`, ...rest.map((each) => `${" ".repeat(head.length)}${each}`)];
  });
}
