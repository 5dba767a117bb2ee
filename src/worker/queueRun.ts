import { EventEmitter } from "node:events";
import { type TaskList, type WorkerEvents, type WorkerPool, run } from "graphile-worker";
import type pg from "pg";
import type { Logger } from "pino";
import { endsWithin } from "../engine/deadline.ts";
import type { EventHub } from "../telemetry/events.ts";
import { createGraphileLogger } from "./graphileLogger.ts";
import { giveBackBeforeRelease } from "./localQueueEnd.ts";
import { pingListeners } from "./listenPing.ts";
import { closePollGaps } from "./pollGaps.ts";
import { sizeFetches } from "./fetchSize.ts";
import { followPoolEnds } from "./poolEnd.ts";
import { createQueuePool } from "./queuePool.ts";
import type { QueueSettings } from "./queueSettings.ts";
import { forgiveSecondRelease } from "./secondRelease.ts";

/** One life of graphile-worker's runner. */
export interface QueueRun {
  /** Its id stands in the rows that it has locked. */
  readonly pool: WorkerPool;
  /** Resolves when it fetches nothing more, to the reason. Its handlers may go on for long. */
  readonly leaving: Promise<string>;
  /** Resolves when its last handler has ended. */
  readonly ended: Promise<void>;
  /** Fetches nothing more and waits for the handlers. Safe twice. */
  stop(): Promise<void>;
  /** Waits no longer for plain tasks that ignore their signal; graphile-worker tries them again later. */
  kill(): Promise<void>;
}

/** What {@link startQueueRun} takes. */
export interface QueueRunOptions {
  readonly database: pg.Pool;
  readonly taskList: TaskList;
  readonly queue: QueueSettings;
  /** As in `QueuePoolOptions`. */
  readonly passedOn: ReadonlySet<string>;
  /** As in `QueuePoolOptions`. */
  readonly hasPlainTasks: boolean;
  readonly log: Logger;
  readonly events: EventHub;
  /** As in `QueuePoolOptions`. */
  readonly fetcher: object;
  /** Ends a start that waits for Postgres. */
  readonly signal: AbortSignal;
  /** Is told the pool. It fetches nothing before this has resolved, so that a rescuer knows what this worker has locked. */
  readonly onPool: (pool: WorkerPool) => Promise<void>;
}

const KILL_WITHIN_MS = 1000;
/** What was fetched and is not run by then goes back. */
const HELD_MS = 500;

/** Starts graphile-worker's runner on `database`. */
export async function startQueueRun(options: QueueRunOptions): Promise<QueueRun> {
  const { taskList, queue, log, onPool, signal } = options;
  // oxlint-disable-next-line unicorn/prefer-event-target -- graphile-worker wants an emitter.
  const poolEvents: WorkerEvents = new EventEmitter();
  let pool: WorkerPool | undefined;
  let noted: Promise<void> = Promise.resolve();
  const { promise: leaving, resolve: leave } = Promise.withResolvers<string>();
  poolEvents.on("pool:create", ({ workerPool }: { readonly workerPool: WorkerPool }) => {
    pool = workerPool;
    noted = onPool(workerPool);
  });
  poolEvents.on("pool:gracefulShutdown", ({ message }: { readonly message: string }) => {
    queuePool.endFetching();
    leave(message);
  });
  const queuePool = createQueuePool({
    database: options.database,
    events: options.events,
    fetcher: options.fetcher,
    passedOn: options.passedOn,
    hasPlainTasks: options.hasPlainTasks,
    mayFetch: () => noted,
    // What it has locked without our knowing is free when the pool has ended; else nobody would get at it for four hours.
    onAnswerLost() {
      Promise.resolve(pool?.gracefulShutdown("The answer to a fetch was lost")).catch(() => {});
    },
  });
  closePollGaps(poolEvents);
  sizeFetches(poolEvents, queue.concurrency);
  giveBackBeforeRelease(poolEvents);
  forgiveSecondRelease(poolEvents);
  pingListeners(poolEvents);
  const poolEnds = followPoolEnds(poolEvents);

  const stopStarting = (): void => {
    queuePool.end();
  };
  signal.addEventListener("abort", stopStarting);
  const runner = await run({
    pgPool: queuePool.pool,
    taskList,
    events: poolEvents,
    noHandleSignals: true,
    preset: {
      worker: {
        schema: queue.schema,
        concurrentJobs: queue.concurrency,
        // How much it fetches fetchSize.ts says.
        localQueue: { size: queue.concurrency, ttl: HELD_MS },
        pollInterval: queue.pollIntervalMs,
        ...(queue.crontabFile !== undefined && { crontabFile: queue.crontabFile }),
        gracefulShutdownAbortTimeout: queue.shutdownGraceMs,
        // With -1, graphile-worker does not wait for its own completions, and a Postgres restart ends the process.
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        logger: createGraphileLogger(log),
      },
    },
  }).finally(() => {
    signal.removeEventListener("abort", stopStarting);
  });
  if (pool === undefined) {
    throw new Error("graphile-worker's runner made no pool");
  }
  const ownPool = pool;
  const finished = finish();

  async function finish(): Promise<void> {
    try {
      await runner.promise;
      leave("it ended");
    } catch (error) {
      leave(error instanceof Error ? error.message : String(error));
    }
  }

  async function forceEnd(): Promise<void> {
    const forced = Promise.resolve(ownPool.forcefulShutdown("The worker has stopped waiting"));
    await endsWithin(forced, KILL_WITHIN_MS);
    queuePool.end();
  }

  async function untilEnded(): Promise<void> {
    await leaving;
    if (!(await poolEnds.wait(ownPool, finished))) {
      await forceEnd();
    }
  }
  const ended = untilEnded();

  return {
    pool: ownPool,
    leaving,
    ended,
    async stop() {
      // It refuses a second stop, and one after it has ended by itself.
      runner.stop().catch(() => {});
      await ended;
    },
    async kill() {
      if (!(await endsWithin(ended, 0))) {
        await forceEnd();
      }
    },
  };
}
