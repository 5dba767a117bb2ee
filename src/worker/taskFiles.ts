import { stat } from "node:fs/promises";
import { type Task, type TaskList, getTasks } from "graphile-worker";
import type { Logger } from "pino";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { createGraphileLogger } from "./graphileLogger.ts";
import type { DefinitionMap } from "./definitions.ts";
import { importTaskFile, TASK_FILE_EXTENSIONS } from "./importTaskFile.ts";

/** A definition and where it comes from. */
export interface FoundDefinition {
  /** The one the definition names, or else the file's. */
  readonly identifier: string;
  /** The file's path under the folder, without its ending. */
  readonly fileIdentifier: string;
  readonly definition: AnyJobDefinition;
  readonly file: string;
}

type LoadHook = NonNullable<NonNullable<GraphileConfig.Plugin["worker"]>["hooks"]>["loadTaskFromFiles"];
type HookFunction = Extract<LoadHook, (...parameters: never) => unknown>;

/** What graphile-worker gives its hooks. */
type HookContext = Parameters<HookFunction>[0];

/**
 * The plugin that knows job definitions among graphile-worker's task files; it leaves plain task files to graphile-worker.
 * @param onDefinition is told each definition; returns graphile-worker's handler for its wake-ups.
 */
export function createTaskFilesPlugin(
  name: string,
  onDefinition: (context: HookContext, found: FoundDefinition) => Task,
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
            const extensions = context.resolvedPreset.worker?.fileExtensions ?? TASK_FILE_EXTENSIONS;
            const files = details.fileDetailsList.filter(({ extension }) => extensions.includes(extension));
            const [first, second] = files.map(({ fullPath }) => fullPath);
            if (details.handler !== undefined || first === undefined) {
              return;
            }
            const exported = await importTaskFile(first);
            if (exported.kind === "plain task") {
              return;
            }
            const { definition } = exported;
            const fileIdentifier = details.taskIdentifier;
            if (second !== undefined) {
              throw twoFiles(first, second, fileIdentifier);
            }
            const identifier = definition.options.identifier ?? fileIdentifier;
            demandIdentifier(identifier, first);
            details.handler = onDefinition(context, { identifier, fileIdentifier, definition, file: first });
          },
        },
      },
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a definition says itself is checked by defineJob. */
function demandIdentifier(identifier: string, file: string): void {
  if (!/^.{1,128}$/v.test(identifier)) {
    throw new RatchetError(
      "RT111",
      `${file} would define ${JSON.stringify(identifier)}, which is not 1 to 128 characters on one line.`,
      { hint: "Give the file a shorter name, or the definition an identifier of its own: defineJob({ identifier })." },
    );
  }
}

function twoFiles(earlier: string, later: string, identifier: string): RatchetError {
  return new RatchetError("RT111", `${earlier} and ${later} both define "${identifier}".`, {
    hint: "An identifier has one definition: remove or rename one of the files.",
  });
}

/** In the place of a definition's handler, which the worker makes. */
const placeholder: Task = () => {};

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
  const plugin = createTaskFilesPlugin("RatchetTaskFilesPlugin", (_context, { identifier, definition, file }) => {
    const earlier = files.get(identifier);
    if (earlier !== undefined) {
      throw twoFiles(earlier, file, identifier);
    }
    definitions.set(identifier, definition);
    files.set(identifier, file);
    return placeholder;
  });
  const loaded = await loadWith(plugin, taskDirectory, log);
  const plainTasks = Object.fromEntries(Object.entries(loaded).filter(([, task]) => task !== placeholder));
  const shadowed = Object.keys(plainTasks).find((identifier) => definitions.has(identifier));
  if (shadowed !== undefined) {
    throw twoFiles(files.get(shadowed) ?? "", `the task file of that name in ${taskDirectory}`, shadowed);
  }
  return { definitions, plainTasks };
}

async function loadWith(plugin: GraphileConfig.Plugin, taskDirectory: string, log: Logger): Promise<TaskList> {
  try {
    const loaded = await getTasks({ preset: { plugins: [plugin] }, logger: createGraphileLogger(log) }, taskDirectory);
    loaded.release();
    return loaded.tasks;
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
