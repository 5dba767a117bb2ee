import { COMMAND_NAMES } from "./commandNames.ts";

// Only with a command after it: "ratchet" is a schema, a role and a database too.
const COMMAND = new RegExp(String.raw`\bratchet (?=(?:${COMMAND_NAMES.join("|")})\b)`, "gv");

/** `text` with each `ratchet <command>` in it the way the user has to type it; `prefix` is a context's `command`. */
export function asTyped(text: string, prefix: string): string {
  return text.replaceAll(COMMAND, () => `${prefix} `);
}
