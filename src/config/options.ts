import { isAbsolute, resolve } from "node:path";

import { type Duration, durationToMs } from "../definition/duration.ts";

/** One setting: its variable, what the documentation says about it, and how its text becomes a value. */
export interface ConfigOption<Value> {
  /** The environment variable. */
  readonly variable: string;
  /** One sentence for `ratchet --help`. */
  readonly summary: string;
  /** What counts when the variable is unset or empty; null = none. */
  readonly default: string | null;
  /** Throws an Error whose message completes "<VARIABLE> is <text>: ". */
  readonly parse: (text: string | null, projectFolder: string) => Value;
}

/** How much is logged; pino's names. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** Every setting of Ratchet. Type, default, check, help text and documentation come from this table. */
export const CONFIG_OPTIONS = {
  databaseUrl: option({
    variable: "DATABASE_URL",
    summary: "The Postgres to use, such as postgres://user:password@host:5432/database; unset: an embedded one.",
    default: null,
    parse: parseDatabaseUrl,
  }),
  dataFolder: option({
    variable: "RATCHET_DATA_DIR",
    summary:
      "Where the embedded Postgres, the log and the sample's marketplace keep their files (for root the Postgres is in /var/tmp/ratchet-…).",
    default: ".ratchet",
    parse: (text, projectFolder) => resolve(projectFolder, text ?? ""),
  }),
  taskFolder: option({
    variable: "RATCHET_TASKS",
    summary: "The folder with the definitions, one file each.",
    default: "tasks",
    parse: (text, projectFolder) => resolve(projectFolder, text ?? ""),
  }),
  concurrency: option({
    variable: "RATCHET_CONCURRENCY",
    summary: "How many jobs one worker runs at a time, 1 to 10000.",
    default: "10",
    parse: (text) => parseInteger(text ?? "", 1, 10_000),
  }),
  logLevel: option({
    variable: "RATCHET_LOG_LEVEL",
    summary: `How much is logged: ${LOG_LEVELS.join(", ")}.`,
    default: "info",
    parse: (text) => parseOneOf(text ?? "", LOG_LEVELS),
  }),
  shutdownGraceMs: option({
    variable: "RATCHET_SHUTDOWN_GRACE",
    summary: "How long running tasks may go on after a stop was asked for.",
    default: "10 s",
    parse: (text) => parseDuration(text ?? ""),
  }),
};

/** A duration as people write it; throws an Error with an example. */
export function parseDuration(text: string): number {
  const match = /^(?<amount>\d+(?:\.\d+)?) ?(?<unit>ms|s|min|h)$/v.exec(text.trim());
  if (match?.groups === undefined) {
    throw new Error('write a duration such as "500 ms", "10 s", "5 min" or "2 h"');
  }
  return durationToMs(`${match.groups["amount"]} ${match.groups["unit"]}` as Duration);
}

/** A whole number from `min` to `max`; throws an Error that says so. */
export function parseInteger(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^-?\d+$/v.test(text.trim()) || value < min || value > max) {
    throw new Error(`write a whole number from ${min} to ${max}`);
  }
  return value;
}

function option<Value>(definition: ConfigOption<Value>): ConfigOption<Value> {
  return Object.freeze(definition);
}

function parseOneOf<const Choice extends string>(text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) {
    throw new Error(`write one of ${choices.join(", ")}`);
  }
  return found;
}

function parseDatabaseUrl(text: string | null): string | null {
  // A connection through a Unix socket has no host: postgres:///name?host=/var/run/postgresql, or just the folder.
  if (text === null || isAbsolute(text)) {
    return text;
  }
  if (
    !/^postgres(?:ql)?:\/\//v.test(text) ||
    !URL.canParse(text.replace(/^postgres(?:ql)?:/v, "http:").replace(/^http:\/\/\//v, "http://localhost/"))
  ) {
    throw new Error("write postgres://user:password@host:5432/database");
  }
  return text;
}
