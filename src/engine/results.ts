import type { PlannedTask } from "../database/calls/claims.ts";
import type { TaskTemplate } from "../definition/template.ts";

const MOST_REMEMBERED_CHARACTERS = 1_048_576;

/** Reads the results of one template's tasks that stand before a position from the database. */
export type ReadResults = (template: string, beforePosition: number) => Promise<(string | null)[]>;

/** Where the tasks of a job leave their results for later ones. */
export interface ResultStore {
  /** Keeps a result of this attempt, so that the next task need not ask Postgres. */
  remember(task: PlannedTask, text: string | null): void;
  /** The property `results` of a handler's context: a promise a template, made when first read. */
  before(task: PlannedTask): Record<string, Promise<unknown>>;
}

/** A template as far as its results go: one with `each` makes a task for each element, so that its result is an array. */
export type ResultShape = Pick<TaskTemplate, "key" | "each">;

/**
 * Creates the store of one attempt. Every value has been through JSON, in the first try too, so that a resumed job sees
 * just what an undisturbed one sees.
 */
export function createResultStore(
  plan: readonly PlannedTask[],
  shapes: readonly ResultShape[],
  readResults: ReadResults,
): ResultStore {
  const remembered = new Map<number, string | null>();
  let characters = 0;

  async function load(shape: ResultShape, beforePosition: number): Promise<unknown> {
    const tasks = plan.filter((task) => task.template === shape.key && task.position < beforePosition);
    const texts = tasks.every((task) => remembered.has(task.position))
      ? tasks.map((task) => remembered.get(task.position) ?? null)
      : await readResults(shape.key, beforePosition);
    const values = texts.map((text): unknown => (text === null ? null : JSON.parse(text)));
    return shape.each === null ? (values[0] ?? null) : values;
  }

  return {
    remember(task, text) {
      characters += text?.length ?? 0;
      if (characters <= MOST_REMEMBERED_CHARACTERS) {
        remembered.set(task.position, text);
      }
    },
    before({ position, template }) {
      const results: Record<string, Promise<unknown>> = {};
      for (const shape of shapes) {
        if (shape.key === template) {
          break;
        }
        Object.defineProperty(results, shape.key, { enumerable: true, get: once(() => load(shape, position)) });
      }
      return results;
    },
  };
}

function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loading: Promise<Value> | undefined;
  return () => {
    if (loading === undefined) {
      loading = load();
      // A handler may read it and end before it awaits it; a failure must not end the process.
      loading.catch(() => {});
    }
    return loading;
  };
}
