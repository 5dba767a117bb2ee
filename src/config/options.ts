import { resolve } from "node:path";

import { DEFAULT_SCHEMA_NAMES } from "../database/schemaNames.ts";
import type { Duration } from "../definition/duration.ts";
import {
  parseBoolean,
  parseDatabaseUrl,
  parseDuration,
  parseInteger,
  parseKeySetUrl,
  parseOneOf,
  parseOrigins,
  parseSchemaName,
  parseSecret,
} from "./parsers.ts";

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
  /** Stands for a wrong value in messages, because the value is a secret. Default: the value itself. */
  readonly hiddenAs?: string;
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
  readonly hiddenAs?: string;
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
    hiddenAs: "not a Postgres URL",
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
      "Whether the server may listen on an address that other machines reach though it asks nobody for a token, so that whoever reaches it reads and changes every job: for a container.",
    default: "false",
  }),
  queryDatabaseUrl: text("URL", parseDatabaseUrl, {
    variable: "RATCHET_QUERY_DATABASE_URL",
    summary: "Where GraphQL queries go, and nothing else: a replica, or a pooler in transaction mode.",
    default: null,
    without: "where everything goes",
    hiddenAs: "not a Postgres URL",
  }),
  jwtSecret: text("text of at least 32 bytes", parseSecret, {
    variable: "RATCHET_JWT_SECRET",
    summary:
      "The secret that tokens are signed with (HS256); with it, or one of the next two, nobody is answered without.",
    default: null,
    hiddenAs: "no secret that holds",
  }),
  jwksUrl: text("URL", parseKeySetUrl, {
    variable: "RATCHET_JWKS_URL",
    summary: "Where the issuer of tokens publishes its keys (RS256 and ES256).",
    default: null,
  }),
  jwtKeyFile: path("file", {
    variable: "RATCHET_JWT_KEY_FILE",
    summary: "The public key of the issuer of tokens, in PEM (RS256 or ES256).",
    default: null,
  }),
  jwtAudience: text("text", String, {
    variable: "RATCHET_JWT_AUDIENCE",
    summary: "What the claim aud of a token must be or contain.",
    default: null,
    without: "anything; RATCHET_JWKS_URL demands one",
  }),
  jwtIssuer: text("text", String, {
    variable: "RATCHET_JWT_ISSUER",
    summary: "What the claim iss of a token must be.",
    default: null,
    without: "anything",
  }),
  jwtRoleClaim: text("name", String, {
    variable: "RATCHET_JWT_ROLE_CLAIM",
    summary: "The claim that is enqueuer, viewer, operator or admin.",
    default: "ratchet_role",
  }),
  jwtTenantClaim: text("name", String, {
    variable: "RATCHET_JWT_TENANT_CLAIM",
    summary: "The claim with the tenant whose jobs the caller sees.",
    default: "ratchet_tenant",
  }),
  corsOrigins: text("origins, with commas between them", parseOrigins, {
    variable: "RATCHET_CORS_ORIGINS",
    summary: "The sites whose pages may use the API from a browser, such as https://app.example.",
    default: null,
  }),
  explore: yesOrNo({
    variable: "RATCHET_EXPLORE",
    summary: "Whether the server shows /ruru and answers introspection.",
    default: null,
    without: "true as long as nobody is asked for a token",
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
