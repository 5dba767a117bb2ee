import { resolve } from "node:path";

import { DEFAULT_SCHEMA_NAMES } from "../database/schemaNames.ts";
import type { Duration } from "../definition/duration.ts";
import { parseBoolean, parseDatabaseUrl, parseDuration, parseInteger, parseOneOf, parseSchemaName } from "./parsers.ts";

/** One setting: where it can be given, what the documentation says about it, and how its text becomes a value. */
export interface ConfigOption<Value, Given> {
  /** What its text is, for the documentation. */
  readonly type: string;
  /** The environment variable. */
  readonly variable: string;
  /** The key of `preset.worker`, graphile-worker's own options, that means the same. */
  readonly workerKey?: keyof GraphileConfig.WorkerOptions;
  /** What it means; one sentence. */
  readonly summary: string;
  /** What counts when it is given nowhere; null = none. */
  readonly default: string | null;
  /** What counts when there is no default, in words. */
  readonly without?: string;
  /** Throws an Error whose message completes "<what was given> is <text>: ". */
  readonly parse: (text: string, projectFolder: string) => Value;
  /** The same from a file, where numbers of `preset.worker` are milliseconds if this is a duration. */
  readonly isDuration: boolean;
  /** Never there: the type of the value in `preset.ratchet`. */
  readonly given?: Given;
}

interface Description {
  readonly variable: string;
  readonly workerKey?: keyof GraphileConfig.WorkerOptions;
  readonly summary: string;
  readonly default: string | null;
  readonly without?: string;
}

/** How much is logged; pino's names. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** Every setting of Ratchet. Types, defaults, checks, help text and docs/configuration.md come from this table. */
export const CONFIG_OPTIONS = {
  databaseUrl: text("URL", parseDatabaseUrl, {
    variable: "DATABASE_URL",
    workerKey: "connectionString",
    summary: "The Postgres to use, such as postgres://user:password@host:5432/database.",
    default: null,
    without: "an embedded Postgres in the data folder",
  }),
  schema: text("name", parseSchemaName, {
    variable: "RATCHET_SCHEMA",
    summary: "The schema of Ratchet's tables and functions; what is private is in one of this name with _private.",
    default: DEFAULT_SCHEMA_NAMES.ratchet,
  }),
  workerSchema: text("name", parseSchemaName, {
    variable: "GRAPHILE_WORKER_SCHEMA",
    workerKey: "schema",
    summary: "The schema of graphile-worker; two Ratchets in one database have one each.",
    default: DEFAULT_SCHEMA_NAMES.graphileWorker,
  }),
  dataFolder: path("folder", {
    variable: "RATCHET_DATA_DIR",
    summary:
      "Where the embedded Postgres, the log and the sample's marketplace keep their files (for root the Postgres is in /var/tmp/ratchet-…).",
    default: ".ratchet",
  }),
  taskFolder: path("folder", {
    variable: "RATCHET_TASKS",
    workerKey: "taskDirectory",
    summary: "The folder with the definitions, one file each.",
    default: "tasks",
  }),
  concurrency: wholeNumber(1, 10_000, {
    variable: "RATCHET_CONCURRENCY",
    workerKey: "concurrentJobs",
    summary: "How many jobs one worker runs at a time.",
    default: "100",
  }),
  pollInterval: duration({
    variable: "RATCHET_POLL_INTERVAL",
    workerKey: "pollInterval",
    summary:
      "How often a worker looks for jobs that nothing told it of; one added for later waits at most this much longer.",
    default: "2 s",
  }),
  crontabFile: path("file", {
    variable: "RATCHET_CRONTAB",
    workerKey: "crontabFile",
    summary: "The crontab of recurring jobs, as graphile-worker reads it.",
    default: null,
    without: "the file crontab of the current folder, if there is one",
  }),
  shutdownGrace: duration({
    variable: "RATCHET_SHUTDOWN_GRACE",
    workerKey: "gracefulShutdownAbortTimeout",
    summary: "How long running tasks may go on after a stop was asked for.",
    default: "10 s",
  }),
  logLevel: text(LOG_LEVELS.join(", "), (given) => parseOneOf(given, LOG_LEVELS), {
    variable: "RATCHET_LOG_LEVEL",
    summary: "How much is logged.",
    default: "info",
  }),
  host: text("address", String, {
    variable: "RATCHET_HOST",
    summary: "The address that the server listens on.",
    default: "127.0.0.1",
  }),
  port: wholeNumber(0, 65_535, {
    variable: "RATCHET_PORT",
    summary: "The port that the server listens on; 0 lets the system choose one.",
    default: "5678",
  }),
  allowRemote: yesOrNo({
    variable: "RATCHET_ALLOW_REMOTE",
    summary:
      "Whether the server may listen on an address that other machines reach, though whoever reaches it reads every job: for a container.",
    default: "false",
  }),
};

/** What a setting is called in `preset.ratchet` of graphile.config.ts. */
export type OptionName = keyof typeof CONFIG_OPTIONS;

/** What `preset.ratchet` in graphile.config.ts can hold; docs/configuration.md says what it means. */
export type RatchetPresetOptions = {
  readonly [Name in OptionName]?:
    | ((typeof CONFIG_OPTIONS)[Name] extends ConfigOption<unknown, infer Given> ? Given : never)
    | undefined;
};

function text<Value extends string>(
  type: string,
  parse: (given: string) => Value,
  description: Description,
): ConfigOption<Value, Value> {
  return Object.freeze({ type, parse, isDuration: false, ...description });
}

function path(type: string, description: Description): ConfigOption<string, string> {
  return Object.freeze({ type, parse: parsePath, isDuration: false, ...description });
}

function parsePath(given: string, projectFolder: string): string {
  return resolve(projectFolder, given);
}

function wholeNumber(min: number, max: number, description: Description): ConfigOption<number, number> {
  const parse = (given: string): number => parseInteger(given, min, max);
  return Object.freeze({ type: `whole number, ${min} to ${max}`, parse, isDuration: false, ...description });
}

function yesOrNo(description: Description): ConfigOption<boolean, boolean> {
  const type = "true or false";
  return Object.freeze({ type, parse: parseBoolean, isDuration: false, ...description });
}

function duration(description: Description): ConfigOption<number, Duration> {
  return Object.freeze({ type: "duration", parse: parseDuration, isDuration: true, ...description });
}
