import { type SchemaNames, problemOfPair } from "../database/schemaNames.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { type GivenPreset, readGraphileConfig } from "./graphileConfig.ts";
import { nearestName } from "./nearestName.ts";
import type { TokenOptions } from "./tokenOptions.ts";
import { problemsOfTokens, tokenOptionsOf } from "./tokenSettings.ts";
import { CONFIG_OPTIONS, type ConfigOption, type OptionName } from "./options.ts";

type Values = {
  [Name in OptionName]: (typeof CONFIG_OPTIONS)[Name] extends ConfigOption<infer Value, unknown> ? Value : never;
};

/** The settings of this process, frozen. Folders and files are absolute paths, durations milliseconds. */
export interface Config {
  /** null: an embedded Postgres. */
  readonly databaseUrl: string | null;
  readonly schemas: SchemaNames;
  readonly dataFolder: string;
  readonly taskFolder: string;
  readonly concurrency: number;
  readonly pollIntervalMs: number;
  /** null: the file crontab of the current folder, if there is one. */
  readonly crontabFile: string | null;
  readonly shutdownGraceMs: number;
  readonly logLevel: Values["logLevel"];
  readonly host: string;
  readonly port: number;
  readonly allowRemote: boolean;
  /** null: where everything goes. */
  readonly queryDatabaseUrl: string | null;
  /** null: nobody is asked for a token. */
  readonly tokens: TokenOptions | null;
  /** Such as https://app.example. */
  readonly corsOrigins: readonly string[];
  readonly explore: boolean;
}

/** Where settings come from, in the order in which they count. */
export interface ConfigSources {
  /** Options of the command line, as typed. Default: none. */
  readonly options?: Readonly<Partial<Record<OptionName, string | number | boolean | undefined>>>;
  /** Default: the process's. An empty variable counts as unset. */
  readonly environment?: NodeJS.ProcessEnv;
  /** What graphile.config.ts says. Default: nothing. */
  readonly preset?: GivenPreset;
  /** What relative folders start from. Default: the current folder. */
  readonly projectFolder?: string;
}

/**
 * Reads the project's graphile.config.ts, and everything else as {@link resolveConfig} does.
 * @throws {RatchetError} RT110 as there, and if the file cannot be loaded.
 */
export async function loadConfig(sources: Omit<ConfigSources, "preset"> = {}): Promise<Config> {
  const preset = await readGraphileConfig(sources.projectFolder ?? process.cwd());
  return resolveConfig({ ...sources, preset });
}

/**
 * Works the settings out.
 * @throws {RatchetError} RT110 that lists every wrong value, every unknown `RATCHET_…` variable and every unknown key of
 *   `preset.ratchet` at once. Values of the database URL are not quoted, since they hold passwords.
 */
export function resolveConfig({
  options = {},
  environment = process.env,
  preset = {},
  projectFolder = process.cwd(),
}: ConfigSources = {}): Config {
  const problems: string[] = [...unknownVariables(environment), ...unknownKeys(preset)];
  const values: Partial<Record<OptionName, unknown>> = {};
  for (const [name, option] of allOptions()) {
    const given = find(name, option, { options, environment, preset });
    const shown = option.hiddenAs ?? JSON.stringify(given.value);
    try {
      values[name] = given.value === null ? null : option.parse(textOf(given.value), projectFolder);
    } catch (error) {
      problems.push(`${given.source} is ${shown}: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }
  const given = values as Values;
  const schemas = Object.freeze({ ratchet: given.schema, graphileWorker: given.workerSchema });
  if (problems.length === 0) {
    const clash = problemOfPair(schemas);
    problems.push(...(clash === undefined ? [] : [clash]), ...problemsOfTokens(given));
  }
  if (problems.length > 0) {
    throw new RatchetError("RT110", problems.join("\n"));
  }
  const tokens = tokenOptionsOf(given);
  return Object.freeze({
    databaseUrl: given.databaseUrl,
    schemas,
    dataFolder: given.dataFolder,
    taskFolder: given.taskFolder,
    concurrency: given.concurrency,
    pollIntervalMs: given.pollInterval,
    crontabFile: given.crontabFile,
    shutdownGraceMs: given.shutdownGrace,
    logLevel: given.logLevel,
    host: given.host,
    port: given.port,
    allowRemote: given.allowRemote,
    queryDatabaseUrl: given.queryDatabaseUrl,
    tokens,
    corsOrigins: Object.freeze((given.corsOrigins as string | null)?.split(" ") ?? []),
    explore: (given.explore as boolean | null) ?? tokens === null,
  });
}

/** Names and options of the table. */
export function allOptions(): [OptionName, ConfigOption<unknown, unknown>][] {
  return Object.entries<ConfigOption<unknown, unknown>>(CONFIG_OPTIONS) as [
    OptionName,
    ConfigOption<unknown, unknown>,
  ][];
}

/** A value as it was given, and what it was given by. */
interface Given {
  readonly source: string;
  readonly value: unknown;
}

function find(
  name: OptionName,
  option: ConfigOption<unknown, unknown>,
  { options, environment, preset }: Required<Pick<ConfigSources, "options" | "environment" | "preset">>,
): Given {
  const { variable, workerKey } = option;
  const file = preset.file ?? "graphile.config.ts";
  const variableText = environment[variable];
  const workerValue = workerKey === undefined ? undefined : preset.worker?.[workerKey];
  const candidates: Given[] = [
    { source: `--${name.replaceAll(/[A-Z]/gv, (letter) => `-${letter.toLowerCase()}`)}`, value: options[name] },
    { source: variable, value: variableText?.trim() === "" ? undefined : variableText },
    { source: `ratchet.${name} in ${file}`, value: preset.ratchet?.[name] },
    {
      source: `worker.${workerKey ?? ""} in ${file}`,
      value: option.isDuration && typeof workerValue === "number" ? `${workerValue} ms` : workerValue,
    },
  ];
  return (
    candidates.find(({ value }) => value !== undefined && value !== null) ?? { source: variable, value: option.default }
  );
}

function textOf(value: unknown): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  throw new TypeError("write a text, a number, true or false");
}

/** Variables named like ours that are no settings of the program. */
const NOT_SETTINGS = /^RATCHET_(?:TEST|BENCH)_/v;

function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const known = allOptions().map(([, { variable }]) => variable);
  return Object.keys(environment)
    .filter((name) => name.startsWith("RATCHET_") && !known.includes(name) && !NOT_SETTINGS.test(name))
    .map((name) => `${name} is no setting of Ratchet${suggestion(nearestName(name, known))}`);
}

function unknownKeys({ ratchet = {}, file = "graphile.config.ts" }: GivenPreset): string[] {
  const known = Object.keys(CONFIG_OPTIONS);
  return Object.keys(ratchet)
    .filter((key) => !known.includes(key))
    .map((key) => `ratchet.${key} in ${file} is no setting of Ratchet${suggestion(nearestName(key, known))}`);
}

function suggestion(nearest: string | undefined): string {
  return nearest === undefined ? "." : `; did you mean ${nearest}?`;
}
