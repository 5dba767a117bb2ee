import { COMMAND_NAMES } from "./commandNames.ts";

// Only with a command after it: "ratchet" is a schema, a role and a database too.
const COMMAND = new RegExp(String.raw`\bratchet (?=(?:${COMMAND_NAMES.join("|")})\b)`, "gv");

/** What SQL proposes to whoever asks in SQL, and the command that does the same; schemas may have other names. */
const STATEMENTS: readonly (readonly [statement: RegExp, command: string])[] = [
  [/, or select \w+\.retry_job\(\d+\);/gv, "."],
  [/select \w+\.retry_job\((?<id>\d+), from_task => (?<task>'[^']*')\);/gv, "ratchet retry $<id> --from-task $<task>"],
  [/select \w+\.retry_job\((?<id>\d+)\);/gv, "ratchet retry $<id>"],
  [/select \w+\.add_job\('(?<name>[^']*)', …\);/gv, "ratchet add $<name> --payload '{…}'"],
  [/select id, identifier, status from \w+\.job_overview [^;]*;/gv, "ratchet jobs"],
];

const OPTIONS: Readonly<Record<string, string>> = {
  from_task: "--from-task",
  job_key: "--job-key",
  job_key_mode: "--job-key-mode",
  max_attempts: "--max-attempts",
  queue_name: "--queue",
  retry_delay: "--retry-delay",
  run_at: "--run-at",
  task_names: "--task",
};
// Not in quotes, where they are somebody's own words.
const OPTION = new RegExp(String.raw`(?<![\w."'\-])(?:${Object.keys(OPTIONS).join("|")})(?![\w."'])`, "gv");

/**
 * `text` with each `ratchet <command>` in it the way the user has to type it, and with commands in place of the statements
 * that SQL proposes; `prefix` is a context's `command`.
 */
export function asTyped(text: string, prefix: string): string {
  return withCommands(text).replaceAll(COMMAND, () => `${prefix} `);
}

/** A message or hint of SQL with commands and options in place of statements and parameters. */
export function inCommands(text: string): string {
  return withCommands(text).replaceAll(OPTION, (name) => OPTIONS[name] ?? name);
}

function withCommands(text: string): string {
  let said = text;
  for (const [statement, command] of STATEMENTS) {
    said = said.replaceAll(statement, command);
  }
  return said;
}
