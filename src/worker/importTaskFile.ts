import { stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { inspect } from "node:util";
import { fileURLToPath, pathToFileURL } from "node:url";
import { typeScriptHint } from "../config/nodeVersion.ts";
import { type AnyJobDefinition, isJobDefinition } from "../definition/jobDefinition.ts";
import { endsWithin } from "../engine/deadline.ts";
import { RatchetError, isRatchetError } from "../errors/ratchetError.ts";

/** Endings of task files, the one that counts first. */
export const TASK_FILE_EXTENSIONS = [".js", ".cjs", ".mjs", ".ts", ".mts"];

/** What a task file exports. */
type Exported =
  | { readonly kind: "definition"; readonly definition: AnyJobDefinition }
  | { readonly kind: "plain task" };

/** A task file that takes longer to load waits for something. */
const LOAD_WITHIN_MS = 60_000;

/**
 * Loads a task file and says what it exports.
 * @param withinMs how long that may take. Default: a minute.
 * @throws {RatchetError} RT111 if it cannot be loaded or exports neither a definition nor a task.
 */
export async function importTaskFile(file: string, withinMs = LOAD_WITHIN_MS): Promise<Exported> {
  try {
    const loading = import(pathToFileURL(file).href) as Promise<{ readonly default?: unknown }>;
    const loaded = await endsWithin(loading, withinMs);
    if (!loaded) {
      throw new RatchetError("RT111", `The task file ${file} is still being loaded after ${withinMs / 1000} s.`, {
        hint: "A top-level await in it, or in what it imports, waits for something that does not come. Wait for it in a handler instead.",
      });
    }
    return kindOf(await loading, file);
  } catch (error) {
    if (isRatchetError(error) && error.code === "RT111") {
      throw error;
    }
    const reason = [messageOf(error).replace(/\.$/v, ""), placeOf(error, file)].filter((part) => part !== undefined);
    throw new RatchetError("RT111", `The task file ${file} cannot be loaded: ${reason.join(", at ")}.`, {
      hint: typeScriptHint(error) ?? moduleHint(error),
      cause: error,
    });
  }
}

function kindOf(module: { readonly default?: unknown }, file: string): Exported {
  // A CommonJS module's exports arrive as the default of the default.
  const candidates = [module.default, (module.default as { readonly default?: unknown } | null | undefined)?.default];
  const definition = candidates.find(isJobDefinition);
  if (definition !== undefined) {
    return { kind: "definition", definition };
  }
  // graphile-worker also takes a CommonJS module that is a function, and one compiled from an ES module.
  if (candidates.some((candidate) => typeof candidate === "function") || hasInnerTask(module.default)) {
    return { kind: "plain task" };
  }
  throw new RatchetError(
    "RT111",
    `The task file ${file} has no default export made by defineJob, and is no graphile-worker task either.`,
    { hint: "Write export default defineJob(…). Helper files belong outside the task folder." },
  );
}

/** What to do about a file with `import` that Node takes for CommonJS, as `npm init -y` has it; undefined if that is not what happened. */
function moduleHint(error: unknown): string | undefined {
  return /^(?:Cannot use import statement outside a module|Unexpected token 'export')/v.test(messageOf(error))
    ? 'Node takes this file for CommonJS: set "type" to "module" in the nearest package.json (npm pkg set type=module), or name the file .mts or .mjs.'
    : undefined;
}

function hasInnerTask(exported: unknown): boolean {
  const inner = (exported as { readonly default?: { readonly default?: unknown } } | null | undefined)?.default;
  return typeof inner?.default === "function";
}

/**
 * `file:line` of what an import failed at: the first line of a syntax error's stack, which may be about a file that the task
 * file imports, else the task file's own line that threw.
 */
function placeOf(error: unknown, file: string): string | undefined {
  const [first = "", ...frames] = (error instanceof Error ? (error.stack ?? "") : "").split("\n");
  const atStart = /^(?<path>(?:file:|\/|[A-Za-z]:\\).*)(?<line>:\d+)$/v.exec(first)?.groups;
  if (atStart?.["path"] !== undefined) {
    const path = atStart["path"];
    return `${path.startsWith("file:") ? fileURLToPath(path) : path}${atStart["line"] ?? ""}`;
  }
  const own = frames.map((frame) => frame.split(pathToFileURL(file).href)[1]).find((rest) => rest !== undefined);
  const line = /^:\d+/v.exec(own ?? "")?.[0];
  return line === undefined ? undefined : `${file}${line}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : inspect(error, { depth: 0 });
}

/** The file of one identifier; `identifier` is the one a definition goes by. */
type FoundTaskFile =
  | { readonly kind: "definition"; readonly file: string; readonly identifier: string }
  | { readonly kind: "plain task" | "unusable"; readonly file: string };

/** Looks for the file that a task folder has for an identifier, and at what it is; undefined if there is none. */
export async function findTaskFile(taskDirectory: string, identifier: string): Promise<FoundTaskFile | undefined> {
  const folder = resolve(taskDirectory) + sep;
  for (const extension of TASK_FILE_EXTENSIONS) {
    const file = join(folder, `${identifier}${extension}`);
    // An identifier such as ../x names no task file.
    if (file.startsWith(folder) && (await isFile(file))) {
      return describeTaskFile(file, identifier);
    }
  }
  return undefined;
}

async function describeTaskFile(file: string, identifier: string): Promise<FoundTaskFile> {
  try {
    const exported = await importTaskFile(file);
    return exported.kind === "definition"
      ? { kind: "definition", file, identifier: exported.definition.options.identifier ?? identifier }
      : { kind: "plain task", file };
  } catch {
    return { kind: "unusable", file };
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
