import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { WorkerDescription } from "../database/calls/workers.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import { endsWithin } from "./deadline.ts";
import type { FromPulse, PulseSettings, ToPulse } from "./pulseMessages.ts";

const IS_SOURCE = import.meta.url.endsWith(".ts");
const THREAD_FILE = new URL(IS_SOURCE ? "./pulseThread.ts" : "./pulseThread.js", import.meta.url);
/** Otherwise each thread would strip types anew, which takes three times as long as all else that it does to start. */
const CACHING_START = `require("node:module").enableCompileCache(); import(${JSON.stringify(THREAD_FILE)});`;
const RESTART_PAUSE_MS = 200;
const CLOSE_WITHIN_MS = 2000;

/** The signs of life of this process, given by a thread of its own. */
export interface Pulse {
  readonly workerId: number;
  /** Says which pools of graphile-worker's fetch for this worker; resolves when the database knows, or nobody beats any more. */
  notePools(poolIds: readonly string[]): Promise<void>;
  /** Ends the thread and gives up the worker's lock, within two seconds. Safe twice. */
  close(): Promise<void>;
}

/** What {@link startPulse} takes. */
export interface PulseOptions {
  readonly connectionString: string | undefined;
  readonly schemas: SchemaNames;
  readonly description: WorkerDescription;
  /** This worker was taken for dead: it must drop every claim now, synchronously, and then goes on. */
  readonly onBuried: () => void;
  /** This worker took over from a dead one. */
  readonly onRescued: (deadId: number, jobIds: readonly string[]) => void;
  /** The thread has ended by itself, and another one is started. */
  readonly onCrashed: (errorMessage: string) => void;
  /** Aborted before the worker is ended in the database: then it is not taken for dead, and does not come back to life. */
  readonly closing: AbortSignal;
}

/**
 * Registers this process as a worker and gives its signs of life from a thread, so that a handler that blocks the event loop
 * does not make it look dead. A thread that crashes is replaced.
 * @throws what Postgres answers when the worker cannot be registered.
 */
export async function startPulse(options: PulseOptions): Promise<Pulse> {
  const registered = Promise.withResolvers<number>();
  const waiting = new Map<number, () => void>();
  let workerId: number | undefined;
  let poolIds: readonly string[] = [];
  let poolNumber = 0;
  let isClosing = false;
  // Undefined from a crash until it is replaced.
  let thread: Worker | undefined = start();

  function start(): Worker {
    const { connectionString, schemas, description } = options;
    const settings: PulseSettings = { connectionString, schemas, description, workerId, poolIds };
    const started = new Worker(IS_SOURCE ? CACHING_START : THREAD_FILE, {
      workerData: settings,
      name: "ratchet pulse",
      eval: IS_SOURCE,
    });
    started.on("message", hear);
    let crash = new Error("The thread that gives signs of life ended by itself.");
    // It is followed by the end of the thread.
    started.on("error", (error) => {
      crash = error instanceof Error ? error : new Error(String(error));
    });
    started.once("exit", () => {
      thread = undefined;
      registered.reject(crash);
      if (workerId !== undefined && !isClosing) {
        options.onCrashed(crash.message);
        setTimeout(startAgain, RESTART_PAUSE_MS).unref();
      }
    });
    if (workerId !== undefined) {
      started.unref();
    }
    return started;
  }

  function startAgain(): void {
    if (!isClosing) {
      thread = start();
      send({ kind: "pools", poolIds, number: poolNumber });
    }
  }

  function send(message: ToPulse): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread, not a window.
    thread?.postMessage(message);
  }

  function hear(message: FromPulse): void {
    switch (message.kind) {
      case "registered":
        ({ workerId } = message);
        // What the process has to do keeps it alive; this does not.
        thread?.unref();
        registered.resolve(workerId);
        break;
      case "refused":
        registered.reject(Object.assign(new Error(message.message), message.fields));
        break;
      case "beaten":
        for (const [number, resolve] of waiting) {
          if (number <= message.number) {
            waiting.delete(number);
            resolve();
          }
        }
        break;
      case "buried":
        if (!isClosing && !options.closing.aborted) {
          options.onBuried();
          send({ kind: "revive" });
        }
        break;
      case "rescued":
        options.onRescued(message.deadId, message.jobIds);
        break;
    }
  }

  async function end(): Promise<void> {
    isClosing = true;
    if (thread !== undefined) {
      const closed = thread;
      closed.ref();
      send({ kind: "close" });
      await endsWithin(once(closed, "exit"), CLOSE_WITHIN_MS);
      await closed.terminate();
    }
    for (const resolve of waiting.values()) {
      resolve();
    }
  }

  let closed: Promise<void> | undefined;
  try {
    await registered.promise;
  } catch (error) {
    isClosing = true;
    await thread?.terminate();
    throw error;
  }
  return {
    workerId: await registered.promise,
    notePools(ids) {
      poolIds = ids;
      if (isClosing) {
        return Promise.resolve();
      }
      return new Promise<void>((resolve) => {
        waiting.set(++poolNumber, resolve);
        send({ kind: "pools", poolIds, number: poolNumber });
      });
    },
    close: () => (closed ??= end()),
  };
}
