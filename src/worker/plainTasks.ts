import type { Task, TaskList } from "graphile-worker";
import { returnWakeUp } from "../database/calls/wakeUps.ts";
import { type SchemaNames, inSchemas } from "../database/schemaNames.ts";
import { LetGo } from "../engine/attempt.ts";

/** As long as a handler of ours has after its signal was aborted. */
const AFTER_ABORT_MS = 1000;

const wrapped = new WeakSet<Task>();

/**
 * The same tasks, whose graphile-worker job is handed back when the worker stops before they end: at once and uncounted, as
 * it is with Ratchet's own. graphile-worker would count a failed try and make the job wait.
 * @param isPlain tells whether a task is left to graphile-worker; the others stay as they are.
 */
export function handedBackAtStop(
  tasks: TaskList,
  getSchemas: () => SchemaNames,
  isPlain: (identifier: string) => boolean = () => true,
): TaskList {
  return Object.fromEntries(
    Object.entries(tasks).map(([identifier, task]) => [
      identifier,
      task === undefined || wrapped.has(task) || !isPlain(identifier) ? task : wrap(task, getSchemas),
    ]),
  );
}

function wrap(task: Task, getSchemas: () => SchemaNames): Task {
  const handler: Task = async (payload, helpers) => {
    const { abortSignal, job } = helpers;
    const { promise: cutOff, reject: cut } = Promise.withResolvers<never>();
    cutOff.catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    function onAbort(): void {
      timer = setTimeout(cut, AFTER_ABORT_MS, new LetGo("shutdown", "the worker is stopping"));
    }
    abortSignal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([task(payload, helpers), cutOff]);
    } catch (error) {
      // Else it failed by itself.
      if (!abortSignal.aborted) {
        throw error;
      }
      await helpers.withPgClient((client) => returnWakeUp(inSchemas(client, getSchemas()), job));
      // graphile-worker finds that the row is no longer its own, and changes nothing.
      throw new LetGo("shutdown", "the worker is stopping");
    } finally {
      clearTimeout(timer);
      abortSignal.removeEventListener("abort", onAbort);
    }
  };
  wrapped.add(handler);
  return handler;
}
