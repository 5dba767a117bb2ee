import { RatchetError } from "../errors/ratchetError.ts";
import { nearestName } from "./nearestName.ts";
import { CONFIG_OPTIONS, type ConfigOption } from "./options.ts";

type ValueOf<Option> = Option extends ConfigOption<infer Value> ? Value : never;

/** The settings of this process, frozen. Folders are absolute paths, durations milliseconds. */
export type Config = Readonly<{ [Name in keyof typeof CONFIG_OPTIONS]: ValueOf<(typeof CONFIG_OPTIONS)[Name]> }>;

/** Variables named like ours that are no settings of the program. */
const NOT_SETTINGS = /^RATCHET_(?:TEST|BENCH)_/v;

/**
 * Reads the settings from the environment; an empty variable counts as unset. `projectFolder` is what relative folders
 * start from (default: the current folder).
 *
 * @throws RatchetError RT110 that lists every wrong value and every unknown `RATCHET_…` variable at once. Values of
 *   `DATABASE_URL` are not quoted, since they hold passwords.
 */
export function loadConfig(
  environment: NodeJS.ProcessEnv = process.env,
  projectFolder: string = process.cwd(),
): Config {
  const problems: string[] = unknownVariables(environment);
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries<ConfigOption<unknown>>(CONFIG_OPTIONS)) {
    const given = environment[option.variable];
    const text = given === undefined || given.trim() === "" ? option.default : given;
    try {
      values[name] = option.parse(text, projectFolder);
    } catch (error) {
      const shown = option.variable === "DATABASE_URL" ? "not a Postgres URL" : JSON.stringify(text);
      problems.push(`${option.variable} is ${shown}: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }
  if (problems.length > 0) {
    throw new RatchetError("RT110", problems.join("\n"));
  }
  return Object.freeze(values) as Config;
}

/** The environment variables with meaning and default, one line each, for `ratchet --help`. */
export function describeConfig(): string[] {
  const options = Object.values<ConfigOption<unknown>>(CONFIG_OPTIONS);
  const width = Math.max(...options.map((option) => option.variable.length));
  return options.map((option) => {
    const byDefault = option.default === null ? "" : ` Default: ${option.default}`;
    return `${option.variable.padEnd(width)}  ${option.summary}${byDefault}`;
  });
}

function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const known = Object.values<ConfigOption<unknown>>(CONFIG_OPTIONS).map((option) => option.variable);
  return Object.keys(environment)
    .filter((name) => name.startsWith("RATCHET_") && !known.includes(name) && !NOT_SETTINGS.test(name))
    .map((name) => {
      const nearest = nearestName(name, known);
      return `${name} is no setting of Ratchet${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
    });
}
