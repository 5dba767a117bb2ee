import { setTimeout as sleep } from "node:timers/promises";
import type { JobHelpers, Task, TaskList } from "graphile-worker";
import { returnWakeUp } from "../database/calls/wakeUps.ts";
import { type SchemaNames, inSchemas } from "../database/schemaNames.ts";
import { LetGo } from "../engine/attempt.ts";
import { AFTER_ABORT_MS } from "../engine/handlerRun.ts";

/** For graphile-worker to write that the try has failed; until then it holds the job. */
const RETURN_WITHIN_MS = 1000;
const RETURN_POLL_MS = 20;

/** Plain graphile-worker tasks whose jobs are handed back when the worker stops before they end. */
export interface PlainTasks {
  /**
   * The same tasks, for graphile-worker.
   * @param isPlain tells which of them are left to graphile-worker; the others stay as they are.
   */
  wrap(tasks: TaskList, isPlain?: (identifier: string) => boolean): TaskList;
  /** Waits until what was cut off is handed back. Ask before the connections are closed, after the handlers have ended. */
  handedBack(): Promise<void>;
}

/**
 * Lets plain tasks be handed back uncounted, as Ratchet's own are. graphile-worker counts a failed try and makes the job wait;
 * that is taken back.
 */
export function createPlainTasks(getSchemas: () => SchemaNames): PlainTasks {
  const wrapped = new WeakSet<Task>();
  const returning = new Set<Promise<void>>();

  async function giveBack({ job, withPgClient }: JobHelpers): Promise<void> {
    const deadlineMs = performance.now() + RETURN_WITHIN_MS;
    let isReturned = false;
    while (!isReturned && performance.now() < deadlineMs) {
      await sleep(RETURN_POLL_MS);
      isReturned = await withPgClient((client) =>
        returnWakeUp(inSchemas(client, getSchemas()), {
          graphileJobId: job.id,
          runAt: job.run_at,
          attempts: job.attempts,
        }),
      );
    }
  }

  function wrapOne(task: Task): Task {
    const handler: Task = async (payload, helpers) => {
      const { abortSignal } = helpers;
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
        // Postgres may be away; then graphile-worker cannot count the try either.
        returning.add(giveBack(helpers).catch(() => {}));
        throw new LetGo("shutdown", "the worker is stopping");
      } finally {
        clearTimeout(timer);
        abortSignal.removeEventListener("abort", onAbort);
      }
    };
    wrapped.add(handler);
    return handler;
  }

  return {
    wrap: (tasks, isPlain = () => true) =>
      Object.fromEntries(
        Object.entries(tasks).map(([identifier, task]) => [
          identifier,
          task === undefined || wrapped.has(task) || !isPlain(identifier) ? task : wrapOne(task),
        ]),
      ),
    async handedBack() {
      await Promise.all(returning);
    },
  };
}
