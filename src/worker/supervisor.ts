import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Runner, type TaskList, type WorkerEvents, type WorkerPool, run } from "graphile-worker";
import type { Logger } from "pino";
import { createPool } from "../database/pool.ts";
import { unlockPools } from "../database/calls/wakeUps.ts";
import type { EventHub } from "../telemetry/events.ts";
import { createGraphileLogger } from "./graphileLogger.ts";
import type { Runtime } from "./runtime.ts";

const RESTART_PAUSE_MS = 500;

/** What {@link superviseRunner} takes. */
export interface SupervisorOptions {
  readonly connectionString: string;
  readonly runtime: Runtime;
  readonly taskList: TaskList;
  readonly concurrency: number;
  readonly log: Logger;
  readonly events: EventHub;
}

/** graphile-worker's runner, kept alive. */
export interface SupervisedRunner {
  /** Fetches no further wake-up and waits until the handlers have ended. Safe twice. */
  stop(): Promise<void>;
}

/** Runs graphile-worker, and starts it again when it ends by itself, as it does when Postgres restarts. */
export async function superviseRunner(options: SupervisorOptions): Promise<SupervisedRunner> {
  const { connectionString, runtime, taskList, concurrency, log, events } = options;
  const pool = createPool({ connectionString, max: 5, applicationName: "ratchet queue", log });
  const poolEvents: WorkerEvents = new EventEmitter();
  const stopping = new AbortController();
  let poolIds: string[] = [];
  let runner: Runner | undefined;

  poolEvents.on("pool:create", ({ workerPool }: { readonly workerPool: WorkerPool }) => {
    poolIds.push(workerPool.id);
    runtime.notePool(workerPool);
  });
  poolEvents.on("pool:release", ({ workerPool }: { readonly workerPool: WorkerPool }) => {
    runtime.forgetPool(workerPool);
  });

  async function start(): Promise<Runner> {
    // What a pool of ours that has ended still holds would wait four hours.
    await unlockPools(pool, poolIds);
    poolIds = [];
    return run({
      pgPool: pool,
      taskList,
      events: poolEvents,
      noHandleSignals: true,
      preset: {
        worker: {
          concurrentJobs: concurrency,
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          logger: createGraphileLogger(log),
        },
      },
    });
  }

  async function keepRunning(first: Runner): Promise<void> {
    for (let current = first; ; ) {
      const reason = await current.promise.then(
        () => "it ended",
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (stopping.signal.aborted) {
        return;
      }
      events.emit("runner.restarted", { reason });
      for (;;) {
        await sleep(RESTART_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {});
        if (stopping.signal.aborted) {
          return;
        }
        try {
          current = await start();
          runner = current;
          break;
        } catch {
          // Postgres is still away; the runtime tells of it.
        }
      }
    }
  }

  try {
    runner = await start();
  } catch (error) {
    await pool.end();
    throw error;
  }
  const running = keepRunning(runner);

  async function stop(): Promise<void> {
    stopping.abort();
    await runner?.stop().catch(() => {
      // It had ended already.
    });
    await running;
    await pool.end();
  }
  let stopped: Promise<void> | undefined;
  return { stop: () => (stopped ??= stop()) };
}
