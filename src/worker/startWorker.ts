import type { Task, TaskList } from "graphile-worker";
import type { Logger } from "pino";
import { checkDatabase } from "../database/connectionCheck.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { demandOwnSessions } from "../database/ownSessions.ts";
import { createPool } from "../database/pool.ts";
import { type SchemaNames, schemaNames } from "../database/schemaNames.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { type EventHub, createEventHub } from "../telemetry/events.ts";
import { logEvents } from "../telemetry/logEvents.ts";
import { createLogger } from "../telemetry/logger.ts";
import { endsWithin } from "../engine/deadline.ts";
import type { QueueSettings } from "./queueSettings.ts";
import { LAST_WORDS_MS, type Runtime, createRuntime } from "./runtime.ts";
import { type SupervisedRunner, superviseRunner } from "./supervisor.ts";
import { createPlainTasks } from "./plainTasks.ts";
import { type TaskFiles, loadTaskFiles } from "./taskFiles.ts";

const DEFAULT_CONCURRENCY = 100;
const DEFAULT_SHUTDOWN_GRACE_MS = 10_000;
const DEFAULT_POLL_INTERVAL_MS = 2000;
/** A stop has ended so long after the grace, whatever Postgres and handlers do. */
export const STOP_AFTER_GRACE_MS = 3000;

/** What {@link startWorker} takes. */
export interface WorkerOptions {
  /** A direct connection to a migrated database. */
  readonly connectionString: string;
  /** What the schemas are called. Default: `ratchet` and `graphile_worker`. */
  readonly schemas?: Partial<SchemaNames> | undefined;
  /** Folder of task files. Default: only `definitions`. */
  readonly taskDirectory?: string | undefined;
  /** Definitions given inline, by identifier; they go before a file of the same identifier. */
  readonly definitions?: Readonly<Record<string, AnyJobDefinition>> | undefined;
  /** Jobs run at once. Default 100. */
  readonly concurrency?: number | undefined;
  /** How long running handlers may go on after `stop()`, in ms. Default 10,000. */
  readonly shutdownGraceMs?: number | undefined;
  /** graphile-worker's crontab. Default: the file `crontab` of the current folder, if there is one. */
  readonly crontabFile?: string | undefined;
  /**
   * How often the queue is looked at when nothing says that there is something, in ms; a job added for later waits at most
   * this much longer. Default 2,000.
   */
  readonly pollIntervalMs?: number | undefined;
  /** A pino logger. Default: one that writes JSON lines of level info and above to standard output. */
  readonly log?: Logger | undefined;
  /** Default: only the log hears events. */
  readonly events?: EventHub | undefined;
}

/** A worker of this process. */
export interface RunningWorker {
  /** What it tells about itself. */
  readonly events: EventHub;
  /** The identifiers it runs, plain task files included. */
  readonly identifiers: readonly string[];
  /**
   * Lets running tasks end within the grace and hands back the rest, uncounted. Ends at most three seconds after the grace,
   * whatever handlers and Postgres do; what a handler that ignores its signal does afterwards is not written. Safe twice.
   */
  stop(): Promise<void>;
}

/**
 * Starts a worker: it claims jobs and runs them until it is stopped, through restarts of Postgres.
 * @throws {RatchetError} RT101, RT102, RT106 (not migrated), RT107, RT110 (a wrong option), RT111 (task files), RT124,
 * RT145 (a pooler)
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { connectionString, log = createLogger() } = options;
  const schemas = schemaNames(options.schemas);
  const queue = queueSettings(options, schemas);
  const events =
    options.events ??
    createEventHub((error, event) => {
      log.error({ err: error, event }, "an event listener threw");
    });
  await demandUsableDatabase(connectionString, schemas);
  const files = await loadDefinitions(options, log);
  const endLogging = logEvents(events, log);
  const passedOn = new Set<string>();
  const runtime = createRuntime({
    connectionString,
    schemas,
    definitions: files.definitions,
    concurrency: queue.concurrency,
    shutdownGraceMs: queue.shutdownGraceMs,
    passedOn,
    log,
    events,
  });
  const plainTasks = createPlainTasks(() => schemas);
  const taskList = { ...plainTasks.wrap(files.plainTasks), ...wakeUpHandlers(files.definitions, runtime) };
  let workerId: number;
  let runner: SupervisedRunner;
  try {
    workerId = await runtime.start();
    const hasPlainTasks = Object.keys(files.plainTasks).length > 0;
    runner = await superviseRunner({
      connectionString,
      schemas,
      runtime,
      taskList,
      queue,
      passedOn,
      hasPlainTasks,
      log,
      events,
    });
  } catch (error) {
    await runtime.stop();
    endLogging();
    throw error;
  }

  async function stop(): Promise<void> {
    events.emit("worker.stopping", { workerId, graceMs: queue.shutdownGraceMs });
    const deadlineMs = performance.now() + queue.shutdownGraceMs + STOP_AFTER_GRACE_MS;
    await endsWithin(Promise.all([runtime.drain(), runner.stop()]), queue.shutdownGraceMs + LAST_WORDS_MS);
    // Only now: a wake-up that was fetched at the last moment is handed back on the runtime's connections.
    await endsWithin(Promise.all([runtime.stop(), plainTasks.handedBack()]), deadlineMs - performance.now());
    await endsWithin(runner.kill(), deadlineMs - performance.now());
    endLogging();
  }
  let stopped: Promise<void> | undefined;
  return { events, identifiers: Object.keys(taskList), stop: () => (stopped ??= stop()) };
}

function queueSettings(options: WorkerOptions, { graphileWorker }: SchemaNames): QueueSettings {
  const { concurrency = DEFAULT_CONCURRENCY } = options;
  const settings = {
    schema: graphileWorker,
    concurrency,
    pollIntervalMs: options.pollIntervalMs ?? DEFAULT_POLL_INTERVAL_MS,
    crontabFile: options.crontabFile,
    shutdownGraceMs: options.shutdownGraceMs ?? DEFAULT_SHUTDOWN_GRACE_MS,
  };
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new RatchetError("RT110", `A worker's concurrency is a whole number from 1, not ${concurrency}.`);
  }
  return settings;
}

async function loadDefinitions({ taskDirectory, definitions = {} }: WorkerOptions, log: Logger): Promise<TaskFiles> {
  const files: TaskFiles =
    taskDirectory === undefined ? { definitions: new Map(), plainTasks: {} } : await loadTaskFiles(taskDirectory, log);
  const all = new Map([...files.definitions, ...Object.entries(definitions)]);
  if (all.size + Object.keys(files.plainTasks).length === 0) {
    throw new RatchetError(
      "RT111",
      "The worker has neither a definition nor a task file, so there is nothing it could run.",
    );
  }
  return { ...files, definitions: all };
}

function wakeUpHandlers(definitions: TaskFiles["definitions"], runtime: Runtime): TaskList {
  const handlerOf =
    (identifier: string): Task =>
    (payload, helpers) =>
      runtime.handleWakeUp(identifier, payload, helpers);
  return Object.fromEntries([...definitions.keys()].map((identifier) => [identifier, handlerOf(identifier)]));
}

async function demandUsableDatabase(connectionString: string, schemas: SchemaNames): Promise<void> {
  const pool = createPool({ connectionString, schemas, max: 1 });
  try {
    await checkDatabase(pool);
    await demandOwnSessions(pool, connectionString);
    await checkMigrated(pool);
  } finally {
    await pool.end();
  }
}
