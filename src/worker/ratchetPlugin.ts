import type { WorkerPool } from "graphile-worker";
import type pg from "pg";
import type { Logger } from "pino";
import { migrationState } from "../database/migrationState.ts";
import { migrate } from "../database/migrator.ts";
import { createPool } from "../database/pool.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { createEventHub } from "../telemetry/events.ts";
import { logEvents } from "../telemetry/logEvents.ts";
import { endsWithin } from "../engine/deadline.ts";
import { closePollGaps } from "./pollGaps.ts";
import { type PlainTasks, createPlainTasks } from "./plainTasks.ts";
import { type PoolEnds, followPoolEnds } from "./poolEnd.ts";
import { type Runtime, createRuntime } from "./runtime.ts";
import { forgiveSecondRelease } from "./secondRelease.ts";
import { createTaskFilesPlugin } from "./taskFiles.ts";

/** As graphile-worker has it. */
const DEFAULT_SHUTDOWN_GRACE_MS = 5000;
/** For the last hand-backs, when the handlers have ended or were given up. */
const STOP_WITHIN_MS = 3000;

/** The part of graphile-worker's context that the plugin uses. */
interface RunnerContext {
  /** One of each set of options; what else the context holds is copied around. */
  readonly hooks: object;
  readonly workerSchema: string;
  readonly resolvedPreset: GraphileConfig.ResolvedPreset;
}

interface Runner {
  readonly definitions: Map<string, AnyJobDefinition>;
  runtime: Runtime | undefined;
  poolEnds: PoolEnds | undefined;
  /** Nothing is fetched before, unless through graphile-worker's local queue. */
  poolNoted: Promise<void> | undefined;
  plainTasks: PlainTasks | undefined;
}

/** What {@link createRatchetPlugin} takes; both are asked when something runs. */
export interface RatchetPluginOptions {
  readonly getLog: () => Logger;
  /** What the schemas are called in a project with this preset, where graphile-worker uses that one. */
  readonly getSchemas: (preset: GraphileConfig.ResolvedPreset, workerSchema: string) => SchemaNames;
}

/**
 * The plugin that lets graphile-worker's own `run()` and command run Ratchet's jobs: it migrates, loads definitions from
 * the task folder, registers the worker before the first job and hands unfinished jobs back at the end.
 */
export function createRatchetPlugin({ getLog, getSchemas }: RatchetPluginOptions): GraphileConfig.Plugin {
  const runners = new WeakMap<object, Runner>();

  function runnerOf({ hooks }: RunnerContext): Runner {
    const known = runners.get(hooks);
    if (known !== undefined) {
      return known;
    }
    const runner: Runner = {
      definitions: new Map(),
      runtime: undefined,
      poolEnds: undefined,
      poolNoted: undefined,
      plainTasks: undefined,
    };
    runners.set(hooks, runner);
    return runner;
  }

  function runtimeOf(context: RunnerContext): Runtime {
    const runner = runnerOf(context);
    if (runner.runtime === undefined) {
      const { worker } = context.resolvedPreset;
      const log = getLog();
      const events = createEventHub((error, event) => {
        log.error({ err: error, event }, "an event listener threw");
      });
      logEvents(events, log);
      runner.runtime = createRuntime({
        connectionString: connectionStringOf(context),
        schemas: getSchemas(context.resolvedPreset, context.workerSchema),
        definitions: runner.definitions,
        concurrency: worker?.concurrentJobs ?? 1,
        shutdownGraceMs: worker?.gracefulShutdownAbortTimeout ?? DEFAULT_SHUTDOWN_GRACE_MS,
        log,
        events,
      });
    }
    return runner.runtime;
  }

  const taskFiles = createTaskFilesPlugin(
    "RatchetPlugin",
    (context: RunnerContext, { identifier, fileIdentifier, file, definition }) => {
      if (identifier !== fileIdentifier) {
        throw new RatchetError(
          "RT111",
          `${file} defines "${identifier}", but graphile-worker runs what is in it as "${fileIdentifier}".`,
          { hint: "Give the file the identifier's name, or the definition none." },
        );
      }
      runnerOf(context).definitions.set(identifier, definition);
      return (payload, helpers) => runtimeOf(context).handleWakeUp(identifier, payload, helpers);
    },
  );

  return {
    ...taskFiles,
    worker: {
      hooks: {
        ...taskFiles.worker?.hooks,
        async postmigrate(context) {
          await migrateWith(context, getSchemas);
        },
        async startWorker(context, { tasks }) {
          const runner = runnerOf(context);
          const schemas = getSchemas(context.resolvedPreset, context.workerSchema);
          // Before the first fetch; graphile-worker looks up each job's task in this very object.
          runner.plainTasks ??= createPlainTasks(() => schemas);
          Object.assign(
            tasks,
            runner.plainTasks.wrap(tasks, (identifier) => !runner.definitions.has(identifier)),
          );
          try {
            await runtimeOf(context).start();
            await runner.poolNoted;
          } catch (error) {
            getLog().error({ err: error }, "the worker cannot be registered; its next wake-up tries again");
            throw error;
          }
        },
      },
      middleware: {
        init(next, { ctx }) {
          // oxlint-disable-next-line node/callback-return -- A middleware: what comes after it is ours to do.
          const compiled = next();
          const { hooks } = compiled;
          ctx.events.on("pool:create", (event: { readonly ctx: RunnerContext; readonly workerPool: WorkerPool }) => {
            if (event.ctx.hooks === hooks) {
              const runner = runnerOf(event.ctx);
              runner.poolNoted = runtimeOf(event.ctx).notePool(event.workerPool);
            }
          });
          closePollGaps(ctx.events);
          forgiveSecondRelease(ctx.events);
          runnerOf(compiled).poolEnds = followPoolEnds(ctx.events);
          return compiled;
        },
        async poolGracefulShutdown(next, { ctx, workerPool }) {
          const runner = runnerOf(ctx);
          const { runtime, poolEnds, plainTasks } = runner;
          void runtime?.drain();
          // oxlint-disable-next-line node/callback-return -- As above.
          const ending = Promise.resolve(next());
          try {
            if (poolEnds === undefined || (await poolEnds.wait(workerPool, ending))) {
              await ending;
            }
          } finally {
            await endsWithin(Promise.all([runtime?.stop(), plainTasks?.handedBack()]), STOP_WITHIN_MS);
            // The same options may be run again.
            runner.runtime = undefined;
          }
        },
      },
    },
  };
}

async function migrateWith(context: RunnerContext, getSchemas: RatchetPluginOptions["getSchemas"]): Promise<void> {
  const schemas = getSchemas(context.resolvedPreset, context.workerSchema);
  const pool = createPool({ connectionString: connectionStringOf(context), schemas, max: 3 });
  try {
    if ((await migrationState(pool)) !== "current") {
      await migrate(pool);
    }
  } finally {
    await pool.end();
  }
}

/**
 * Where graphile-worker itself connects to. A pool goes before DATABASE_URL there; `undefined` means libpq's environment
 * variables.
 */
function connectionStringOf(context: RunnerContext): string | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- graphile-worker's name for the options it was given.
  const { pgPool } = (context as { readonly _rawOptions?: { readonly pgPool?: pg.Pool } })._rawOptions ?? {};
  if (pgPool === undefined) {
    return context.resolvedPreset.worker?.connectionString;
  }
  const { connectionString } = pgPool.options;
  if (connectionString === undefined) {
    throw new RatchetError("RT110", "The pool that graphile-worker was given has no connection string.", {
      hint: "Ratchet opens connections of its own: create the pool with `connectionString`, or give that instead of a pool.",
    });
  }
  return connectionString;
}
