import type { Task, TaskList } from "graphile-worker";
import type { Logger } from "pino";
import { checkDatabase } from "../database/connectionCheck.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { createPool } from "../database/pool.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { type EventHub, createEventHub } from "../telemetry/events.ts";
import { logEvents } from "../telemetry/logEvents.ts";
import { createRuntime } from "./runtime.ts";
import { superviseRunner } from "./supervisor.ts";
import { loadTaskFiles } from "./taskFiles.ts";

/** What {@link startWorker} takes. */
export interface WorkerOptions {
  /** A direct connection to a migrated database. */
  readonly connectionString: string;
  /** Folder of task files. Default: only `definitions`. */
  readonly taskDirectory?: string | undefined;
  /** Definitions given inline, by identifier; they go before a file of the same identifier. */
  readonly definitions?: Readonly<Record<string, AnyJobDefinition>> | undefined;
  /** Jobs run at once. Default 10. */
  readonly concurrency?: number | undefined;
  /** How long running handlers may go on after `stop()`, in ms. Default 10,000. */
  readonly shutdownGraceMs?: number | undefined;
  readonly log: Logger;
  /** Default: only the log hears events. */
  readonly events?: EventHub | undefined;
}

/** A worker of this process. */
export interface RunningWorker {
  /** What it tells about itself. */
  readonly events: EventHub;
  /** The identifiers it runs, plain task files included. */
  readonly identifiers: readonly string[];
  /** Lets running tasks end within the grace and hands back the rest, uncounted. Safe twice. */
  stop(): Promise<void>;
}

/**
 * Starts a worker: it claims jobs and runs them until it is stopped, through restarts of Postgres.
 * @throws {RatchetError} RT101, RT102, RT106 (not migrated), RT107, RT111 (task files), RT124
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { connectionString, log, concurrency = 10 } = options;
  const events = options.events ?? createEventHub((error, event) => log.error({ err: error, event }, "an event listener threw"));
  const endLogging = logEvents(events, log);
  await demandUsableDatabase(connectionString);
  const files =
    options.taskDirectory === undefined
      ? { definitions: new Map<string, AnyJobDefinition>(), plainTasks: {} }
      : await loadTaskFiles(options.taskDirectory, log);
  const definitions = new Map([...files.definitions, ...Object.entries(options.definitions ?? {})]);

  const runtime = createRuntime({
    connectionString,
    definitions,
    concurrency,
    shutdownGraceMs: options.shutdownGraceMs ?? 10_000,
    log,
    events,
  });
  const taskList: TaskList = { ...files.plainTasks };
  for (const identifier of definitions.keys()) {
    const task: Task = (payload, helpers) => runtime.handleWakeUp(identifier, payload, helpers);
    taskList[identifier] = task;
  }
  await runtime.start();
  const runner = await superviseRunner({ connectionString, runtime, taskList, concurrency, log, events }).catch(
    async (error: unknown) => {
      await runtime.stop();
      throw error;
    },
  );

  async function stop(): Promise<void> {
    await Promise.all([runner.stop(), runtime.stop()]);
    endLogging();
  }
  let stopped: Promise<void> | undefined;
  return { events, identifiers: Object.keys(taskList), stop: () => (stopped ??= stop()) };
}

async function demandUsableDatabase(connectionString: string): Promise<void> {
  const pool = createPool({ connectionString, max: 1 });
  try {
    await checkDatabase(pool);
    await checkMigrated(pool);
  } finally {
    await pool.end();
  }
}
