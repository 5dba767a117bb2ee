import { setTimeout as sleep } from "node:timers/promises";
import type { TaskList } from "graphile-worker";
import type { Logger } from "pino";
import { createPool } from "../database/pool.ts";
import { type SchemaNames, inSchemas } from "../database/schemaNames.ts";
import { unlockPool } from "../database/calls/wakeUps.ts";
import { repeatUntilAnswered } from "../engine/repeat.ts";
import type { EventHub } from "../telemetry/events.ts";
import { troublesOf } from "../telemetry/troubles.ts";
import { endsWithin } from "../engine/deadline.ts";
import { nudge } from "./nudge.ts";
import { type QueueRun, startQueueRun } from "./queueRun.ts";
import type { QueueSettings } from "./queueSettings.ts";
import type { Runtime } from "./runtime.ts";

const RESTART_PAUSE_MS = 500;
const CLOSE_WITHIN_MS = 2000;
/** One listens, one fetches, one completes; more are opened only for plain tasks that ask for them. */
const FEWEST_CONNECTIONS = 5;
const MOST_CONNECTIONS = 20;

/** What {@link superviseRunner} takes. */
export interface SupervisorOptions {
  readonly connectionString: string;
  readonly schemas: SchemaNames;
  readonly runtime: Runtime;
  readonly taskList: TaskList;
  readonly queue: QueueSettings;
  /** Versions whose jobs this worker has passed on to others. */
  readonly passedOn: ReadonlySet<string>;
  /** As in `QueuePoolOptions`. */
  readonly hasPlainTasks: boolean;
  readonly log: Logger;
  readonly events: EventHub;
}

/** graphile-worker's runner, kept alive. */
export interface SupervisedRunner {
  /** Fetches no further wake-up and waits until the handlers have ended. Safe twice. */
  stop(): Promise<void>;
  /** Waits no longer for plain tasks that ignore their signal, and closes every connection. Safe twice. */
  kill(): Promise<void>;
}

/**
 * Runs graphile-worker, and starts it again when it ends by itself, as it does when Postgres restarts: without waiting for
 * the handlers of the run that is leaving, because one of them may go on for hours.
 */
export async function superviseRunner(options: SupervisorOptions): Promise<SupervisedRunner> {
  const { schemas, runtime, taskList, queue, passedOn, log, events } = options;
  const database = createPool({
    connectionString: options.connectionString,
    max: Math.min(Math.max(queue.concurrency, FEWEST_CONNECTIONS), MOST_CONNECTIONS),
    applicationName: "ratchet queue",
    worker: { id: await runtime.start(), schemas },
    log,
  });
  const stopping = new AbortController();
  const fetcher = {};
  const runs = new Set<QueueRun>();

  async function start(): Promise<QueueRun> {
    const begun = await startQueueRun({
      database,
      taskList,
      queue,
      passedOn,
      hasPlainTasks: options.hasPlainTasks,
      log,
      events,
      fetcher,
      signal: stopping.signal,
      onPool: (pool) => runtime.notePool(pool),
    });
    runs.add(begun);
    void forgetAtEnd(begun);
    if (stopping.signal.aborted) {
      void begun.stop();
    }
    return begun;
  }

  async function forgetAtEnd(begun: QueueRun): Promise<void> {
    await begun.ended;
    if (!stopping.signal.aborted) {
      // What its pool could not complete would stay locked for four hours. At the worker's own end all its pools are freed.
      const repeatOptions = { call: "unlock", events, signal: stopping.signal };
      try {
        if (await repeatUntilAnswered(() => unlockPool(inSchemas(database, schemas), begun.pool.id), repeatOptions)) {
          runtime.forgetPool(begun.pool);
        }
      } catch {
        // Stopping meanwhile.
      }
    }
    runs.delete(begun);
    // An unlock notifies nobody.
    for (const { pool } of runs) {
      nudge(pool, 1);
    }
  }

  async function startAgain(): Promise<QueueRun | null> {
    while (!stopping.signal.aborted) {
      await sleep(RESTART_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {});
      if (!stopping.signal.aborted) {
        try {
          return await start();
        } catch {
          // Postgres was lost again; the next start waits for it.
        }
      }
    }
    return null;
  }

  async function keepRunning(first: QueueRun): Promise<void> {
    for (let current: QueueRun | null = first; current !== null; current = await startAgain()) {
      const reason = await current.leaving;
      if (!stopping.signal.aborted) {
        events.emit("runner.restarted", { reason });
      }
    }
  }

  const first = await start().catch(async (error: unknown) => {
    await database.end();
    throw error;
  });
  const running = keepRunning(first);

  async function stop(): Promise<void> {
    stopping.abort();
    await Promise.all([...runs].map((each) => each.stop()));
    await running;
    // One may have been starting at that moment.
    await Promise.all([...runs].map((each) => each.stop()));
  }
  let stopped: Promise<void> | undefined;
  const stopOnce = (): Promise<void> => (stopped ??= stop());

  async function kill(): Promise<void> {
    const stopEnd = stopOnce();
    await Promise.all([...runs].map((each) => each.kill()));
    await endsWithin(stopEnd, CLOSE_WITHIN_MS);
    await endsWithin(database.end(), CLOSE_WITHIN_MS);
    // Another worker with the same listeners would wait for this one's fetch before its trouble is over.
    troublesOf(events).gaveUp(fetcher);
  }
  let killed: Promise<void> | undefined;
  return { stop: stopOnce, kill: () => (killed ??= kill()) };
}
