import pg from "pg";

import { ERROR_CATALOGUE } from "../errors/catalogue.ts";
import { troubleOf } from "../database/transientErrors.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { isRatchetError, type RatchetError } from "../errors/ratchetError.ts";
import { asTyped, inCommands } from "./asTyped.ts";
import type { CliContext } from "./context.ts";
import { EXIT_CODES, exitCodeFor } from "./exitCodes.ts";
import { breakLines, withoutControls } from "./output/text.ts";

/** How to report an error: the lines for standard error, and the exit status. */
export interface ErrorReport {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** How {@link reportError} writes: parts of a context, and whether the place an error comes from is wanted. */
export type ReportStyle = Pick<CliContext, "errorPaint" | "errorColumns" | "command"> & { readonly debug: boolean };

/**
 * Says what happened, why and what to do, without a stack trace unless `debug` is set. Knows RatchetErrors and what `pg`
 * throws; anything else is reported as unexpected. Hints name commands as the user types them. In a terminal lines are
 * broken between words.
 */
export function reportError(thrown: unknown, { errorPaint, errorColumns, debug, command }: ReportStyle): ErrorReport {
  const error = toRatchetError(thrown);
  const { message, facts, exitCode } = describe(error);
  const lines: string[] = [];
  for (const [label, text] of [["ratchet", message] as const, ...facts]) {
    const [indent, tone] = label === "ratchet" ? (["", "bad"] as const) : ([INDENT, "faint"] as const);
    const mark = `${indent}${label}:`;
    const [first = "", ...rest] = `${mark} ${worded(label, text, command)}`
      .split("\n")
      .flatMap((line) => (errorColumns === undefined ? [line] : breakLines(line, errorColumns - INDENT.length)));
    lines.push(`${indent}${errorPaint(tone, `${label}:`)}${first.slice(mark.length)}`);
    lines.push(...rest.map((line) => `${INDENT}${line}`));
  }
  if (debug && error instanceof Error) {
    lines.push(...stackLines(error));
  }
  return { lines, exitCode };
}

const INDENT = "  ";

/** As the user types it, and without control characters that a name may bring. */
function worded(label: string, text: string, command: string): string {
  const commands = label === "hint" || label === "ratchet" ? inCommands(text) : text;
  return (label === "hint" ? asTyped(commands, command) : commands)
    .split("\n")
    .map((line) => withoutControls(line))
    .join("\n");
}

type Fact = readonly [label: string, text: string];

function describe(error: unknown): { message: string; facts: Fact[]; exitCode: number } {
  if (isRatchetError(error)) {
    const { name } = ERROR_CATALOGUE[error.code];
    return {
      message: messageOf(error),
      facts: [...fact("detail", error.detail), ["hint", error.hint], ["code", `${error.code} (${name})`]],
      exitCode: exitCodeFor(error.code),
    };
  }
  if (error instanceof pg.DatabaseError && troubleOf(error) === "locked") {
    return {
      message:
        "Somebody else's lock was in the way for so long that the command gave up. What it had waited to do was not done.",
      facts: [
        ["hint", 'End the transaction that holds the lock, then run the command again; "ratchet doctor" names it.'],
        ["code", `SQLSTATE ${error.code ?? "unknown"}`],
      ],
      exitCode: EXIT_CODES.refused.code,
    };
  }
  if (error instanceof pg.DatabaseError) {
    return {
      message: `Postgres refused: ${error.message}`,
      facts: [
        ...fact("detail", error.detail),
        ...fact("hint", error.hint),
        ["code", `SQLSTATE ${error.code ?? "unknown"}`],
      ],
      exitCode: EXIT_CODES.refused.code,
    };
  }
  return {
    message: error instanceof Error ? error.message || error.name : String(error),
    facts: [["hint", "This was not foreseen. Run the command again with --debug for the place it comes from."]],
    exitCode: EXIT_CODES.unexpected.code,
  };
}

/** With each thing that is wrong with a payload on a line of its own. */
function messageOf({ message, issues = [] }: RatchetError): string {
  if (issues.length === 0) {
    return message;
  }
  return [
    "The payload was rejected by its schema:",
    ...issues.map(({ path, message: what }) => `${path}: ${what}`),
  ].join("\n");
}

function fact(label: string, text: string | undefined): Fact[] {
  return text === undefined || text === "" ? [] : [[label, text]];
}

function stackLines(error: Error): string[] {
  const own = (error.stack ?? "").split("\n");
  return error.cause instanceof Error ? [...own, "caused by:", ...stackLines(error.cause)] : own;
}
