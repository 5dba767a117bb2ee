import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

import { RatchetError } from "../errors/ratchetError.ts";
import { presetGraphileEnvironment } from "./graphileEnvironment.ts";
import { typeScriptHint } from "./nodeVersion.ts";

/** What a graphile.config.ts says, as it says it: nothing is checked yet. */
export interface GivenPreset {
  /** Its name. Default: graphile.config.ts. */
  readonly file?: string;
  readonly ratchet?: Readonly<Record<string, unknown>>;
  /** graphile-worker's own options. */
  readonly worker?: Readonly<Record<string, unknown>>;
}

/** As graphile-worker's and PostGraphile's commands have it; the first that exists counts. */
const FILE_NAMES = ["ts", "mts", "cts", "js", "mjs", "cjs"].map((extension) => `graphile.config.${extension}`);

/**
 * Reads the project's configuration file with everything it extends; nothing if there is none.
 * @throws {RatchetError} RT110 if it cannot be loaded, or exports no preset.
 */
export async function readGraphileConfig(projectFolder: string): Promise<GivenPreset> {
  const path = FILE_NAMES.map((name) => join(projectFolder, name)).find((candidate) => existsSync(candidate));
  if (path === undefined) {
    return {};
  }
  // The file may bring PostGraphile.
  presetGraphileEnvironment();
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(path).href)) as { readonly default?: unknown }).default;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\.$/v, "") : String(error);
    throw new RatchetError("RT110", `${path} cannot be loaded: ${reason}.`, {
      hint: typeScriptHint(error) ?? "Correct the file, or remove it: Ratchet needs none.",
      cause: error,
    });
  }
  // A CommonJS module that was compiled from an ES module has its default in the default.
  const preset = isObject(exported) && isObject(exported["default"]) ? exported["default"] : exported;
  if (!isObject(preset)) {
    throw new RatchetError("RT110", `${path} has no default export that is a preset.`, {
      hint: "Write export default preset, an object such as { extends: [RatchetPreset], ratchet: { port: 6000 } }.",
    });
  }
  return { file: basename(path), ...merge(preset, path) };
}

type Scopes = Required<Pick<GivenPreset, "ratchet" | "worker">>;

/**
 * RatchetPreset as our commands read it. What it sets is for graphile-worker's own command, whose connections are not ours;
 * there it replaces the one job at a time of graphile-worker's preset, which is no choice of the project either.
 */
const LEFT_TO_RATCHET: Scopes = { ratchet: {}, worker: { concurrentJobs: undefined } };

/**
 * As graphile-config resolves presets: what is extended first, in order, then the preset itself; key by key. A small copy of
 * it, because only two scopes count here, and graphile-config comes along in several versions.
 */
function merge(preset: unknown, path: string): Scopes {
  if (!isObject(preset)) {
    throw new RatchetError("RT110", `${path} extends something that is no preset.`, {
      hint: "What is imported for `extends` may have another name; its package says which.",
    });
  }
  const { extends: extended = [], ratchet = {}, worker = {} } = preset;
  const bases = (Array.isArray(extended) ? (extended as unknown[]) : [extended]).map((base) =>
    isRatchetPreset(base) ? LEFT_TO_RATCHET : merge(base, path),
  );
  return {
    ratchet: joined([...bases.map((base) => base.ratchet), scope(ratchet, "ratchet", path)]),
    worker: joined([...bases.map((base) => base.worker), scope(worker, "worker", path)]),
  };
}

function isRatchetPreset(preset: unknown): boolean {
  const plugins = isObject(preset) ? preset["plugins"] : undefined;
  return Array.isArray(plugins) && plugins.some((plugin) => isObject(plugin) && plugin["name"] === "RatchetPlugin");
}

function scope(value: unknown, name: string, path: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) {
    throw new RatchetError("RT110", `${name} in ${path} is no object.`);
  }
  return value;
}

/** Later ones go before earlier ones. Getters are not called before somebody wants their value: a preset's logger is one. */
function joined(scopes: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const each of scopes) {
    Object.defineProperties(all, Object.getOwnPropertyDescriptors(each));
  }
  return all;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
