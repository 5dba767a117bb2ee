import { allOptions } from "./config.ts";
import type { ConfigOption } from "./options.ts";

/** The environment variables with meaning and default, one line each, for `ratchet --help`. */
export function describeConfig(): string[] {
  const options = allOptions().map(([, option]) => option);
  const width = Math.max(...options.map(({ variable }) => variable.length));
  return options.map((option) => `${option.variable.padEnd(width)}  ${option.summary} Default: ${defaultOf(option)}`);
}

/** The options as a table in Markdown, for docs/configuration.md. */
export function describeConfigInMarkdown(): string {
  const rows = allOptions().map(([name, option]) => [
    `\`${name}\``,
    `\`${option.variable}\``,
    option.workerKey === undefined ? "" : `\`${option.workerKey}\``,
    option.type,
    option.default === null ? defaultOf(option) : `\`${option.default}\``,
    option.summary,
  ]);
  const head = ["`ratchet.…`", "variable", "`worker.…`", "type", "default", "meaning"];
  const columns = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(columns[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(columns.map((width) => "-".repeat(width))), ...rows.map((row) => line(row))].join("\n");
}

function defaultOf({ default: byDefault, without = "none" }: ConfigOption<unknown, unknown>): string {
  return byDefault ?? without;
}
