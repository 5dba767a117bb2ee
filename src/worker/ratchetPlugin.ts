import type { WorkerPool } from "graphile-worker";
import { createPool } from "../database/pool.ts";
import { migrationState } from "../database/migrationState.ts";
import { migrate } from "../database/migrator.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { createEventHub } from "../telemetry/events.ts";
import { logEvents } from "../telemetry/logEvents.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createTaskFilesPlugin } from "./taskFiles.ts";
import { type Runtime, createRuntime } from "./runtime.ts";

const SHUTDOWN_GRACE_MS = 4000;

/** The part of graphile-worker's context that tells one runner from another. */
interface RunnerContext {
  readonly events: object;
  readonly resolvedPreset: GraphileConfig.ResolvedPreset;
}

interface Runner {
  readonly definitions: Map<string, AnyJobDefinition>;
  runtime?: Runtime;
}

/**
 * The plugin that lets graphile-worker's own `run()` and command run Ratchet's jobs: it migrates, loads definitions from
 * the task folder, registers the worker before the first job and hands unfinished jobs back at the end.
 */
export function createRatchetPlugin(): GraphileConfig.Plugin {
  // graphile-worker passes copies of its context around; its event emitter is the same in all of them.
  const runners = new WeakMap<object, Runner>();

  function runnerOf({ events }: { readonly events: object }): Runner {
    let runner = runners.get(events);
    if (runner === undefined) {
      runner = { definitions: new Map() };
      runners.set(events, runner);
    }
    return runner;
  }

  function runtimeOf(context: RunnerContext): Runtime {
    const runner = runnerOf(context);
    if (runner.runtime === undefined) {
      const { worker } = context.resolvedPreset;
      const log = createLogger();
      const events = createEventHub((error, event) => log.error({ err: error, event }, "an event listener threw"));
      logEvents(events, log);
      runner.runtime = createRuntime({
        connectionString: worker?.connectionString,
        definitions: runner.definitions,
        concurrency: worker?.concurrentJobs ?? 1,
        shutdownGraceMs: Math.min(worker?.gracefulShutdownAbortTimeout ?? SHUTDOWN_GRACE_MS, SHUTDOWN_GRACE_MS),
        log,
        events,
      });
    }
    return runner.runtime;
  }

  const taskFiles = createTaskFilesPlugin("RatchetPlugin", (context) => (identifier, definition) => {
    runnerOf(context).definitions.set(identifier, definition);
    return (payload, helpers) => runtimeOf(context as RunnerContext).handleWakeUp(identifier, payload, helpers);
  });

  return {
    ...taskFiles,
    worker: {
      hooks: {
        ...taskFiles.worker?.hooks,
        async postmigrate(context) {
          const pool = createPool({ connectionString: context.resolvedPreset.worker?.connectionString, max: 3 });
          try {
            if ((await migrationState(pool)) !== "current") {
              await migrate(pool);
            }
          } finally {
            await pool.end();
          }
        },
        async startWorker(context) {
          await runtimeOf(context).start();
        },
      },
      middleware: {
        init(next, { ctx }) {
          ctx.events.on("pool:create", ({ workerPool }: { readonly workerPool: WorkerPool }) => {
            runtimeOf(ctx).notePool(workerPool);
          });
          ctx.events.on("pool:release", ({ workerPool }: { readonly workerPool: WorkerPool }) => {
            runtimeOf(ctx).forgetPool(workerPool);
          });
          return next();
        },
        async poolGracefulShutdown(next, { ctx }) {
          const stopped = runtimeOf(ctx).stop();
          await next();
          await stopped;
        },
      },
    },
  };
}
