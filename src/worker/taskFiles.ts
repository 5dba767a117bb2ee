import { pathToFileURL } from "node:url";
import { stat } from "node:fs/promises";
import { type Task, type TaskList, getTasks } from "graphile-worker";
import type { Logger } from "pino";
import { type AnyJobDefinition, isJobDefinition } from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { createGraphileLogger } from "./graphileLogger.ts";
import type { DefinitionMap } from "./definitions.ts";

const DEFAULT_EXTENSIONS = [".js", ".cjs", ".mjs", ".ts", ".mts"];

/** Is told each definition found; returns graphile-worker's handler for its wake-ups. */
type OnDefinition = (identifier: string, definition: AnyJobDefinition, file: string) => Task;

/** The plugin that knows job definitions among graphile-worker's task files; it leaves plain task files to graphile-worker. */
export function createTaskFilesPlugin(
  name: string,
  onDefinition: (context: { readonly events: object }) => OnDefinition,
): GraphileConfig.Plugin {
  return {
    name,
    version: "1.0.0",
    worker: {
      hooks: {
        loadTaskFromFiles: {
          // graphile-worker's own loader refuses what is no function.
          before: ["LoadTaskFromJsPlugin"],
          callback: async (context, details) => {
            if (details.handler !== undefined) {
              return;
            }
            const extensions = context.resolvedPreset.worker?.fileExtensions ?? DEFAULT_EXTENSIONS;
            const file = extensions
              .map((extension) => details.fileDetailsList.find((each) => each.extension === extension))
              .find((each) => each !== undefined);
            const definition = file && (await importDefinition(file.fullPath));
            if (file !== undefined && definition !== undefined) {
              const identifier = definition.options.identifier ?? details.taskIdentifier;
              details.handler = onDefinition(context)(identifier, definition, file.fullPath);
            }
          },
        },
      },
    },
  };
}

async function importDefinition(file: string): Promise<AnyJobDefinition | undefined> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    throw new RatchetError("RT111", `The task file ${file} cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
  // A CommonJS module's exports arrive as the default of the default.
  const candidates = [module.default, (module.default as { readonly default?: unknown } | null | undefined)?.default];
  return candidates.find(isJobDefinition);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a folder of task files holds. */
export interface TaskFiles {
  readonly definitions: DefinitionMap;
  /** Plain graphile-worker task files, which run untouched. */
  readonly plainTasks: TaskList;
}

/**
 * Loads `tasks/`: the file's path under the folder, without its ending, is the identifier unless the definition names one.
 * @throws {RatchetError} RT111 if the folder is absent, a file cannot be loaded or holds neither a definition nor a task, or
 * two files have one identifier.
 */
export async function loadTaskFiles(taskDirectory: string, log: Logger): Promise<TaskFiles> {
  if (!(await isDirectory(taskDirectory))) {
    throw new RatchetError("RT111", `There is no folder ${taskDirectory} with task files.`, {
      hint: "Run the command where the folder tasks/ is, or name another one with RATCHET_TASKS.",
    });
  }
  const definitions = new Map<string, AnyJobDefinition>();
  const files = new Map<string, string>();
  const placeholder: Task = () => {};
  const plugin = createTaskFilesPlugin("RatchetTaskFilesPlugin", () => (identifier, definition, file) => {
    const earlier = files.get(identifier);
    if (earlier !== undefined) {
      throw new RatchetError("RT111", `${earlier} and ${file} both define "${identifier}".`);
    }
    definitions.set(identifier, definition);
    files.set(identifier, file);
    return placeholder;
  });
  try {
    const loaded = await getTasks({ preset: { plugins: [plugin] }, logger: createGraphileLogger(log) }, taskDirectory);
    await loaded.release();
    const plainTasks = Object.fromEntries(Object.entries(loaded.tasks).filter(([, task]) => task !== placeholder));
    return { definitions, plainTasks };
  } catch (error) {
    throw error instanceof RatchetError ? error : new RatchetError("RT111", messageOf(error), { cause: error });
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
