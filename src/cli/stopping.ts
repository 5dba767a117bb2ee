import type { Logger } from "pino";

import type { Config } from "../config/config.ts";
import { endsWithin } from "../engine/deadline.ts";
import { type RunningWorker, STOP_AFTER_GRACE_MS, startWorker } from "../worker/startWorker.ts";
import { aborted } from "./interruption.ts";
import { formatDelay } from "./output/time.ts";
import { surviveStrayRejections } from "./strayRejections.ts";
import { workerSettings } from "./workerSettings.ts";

/** For closing connections and a server that has nothing to do any more. */
const CLOSE_MS = 1000;
/** A stop that takes longer is told of. */
const LONG_STOP_MS = 1000;
/** An embedded Postgres writes its checkpoint. */
const EMBEDDED_STOP_MS = 30_000;

/** How long a process with a worker may take to end after it was asked to. */
export function stopLimitMs({ shutdownGraceMs, databaseUrl }: Pick<Config, "shutdownGraceMs" | "databaseUrl">): number {
  return shutdownGraceMs + STOP_AFTER_GRACE_MS + (databaseUrl === null ? EMBEDDED_STOP_MS : CLOSE_MS);
}

/**
 * Says what a stop waits for, when it takes longer than a second: nobody should have to guess whether Ctrl-C was heard.
 * @param signal is aborted when the process is asked to end.
 * @returns ends that.
 */
export function tellLongStop(
  signal: AbortSignal,
  { shutdownGraceMs }: Pick<Config, "shutdownGraceMs">,
  tell: (sentence: string) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => {
      tell(`Stopping. Running tasks have ${formatDelay(shutdownGraceMs)} to end; Ctrl-C once more ends at once.`);
    }, LONG_STOP_MS);
  };
  signal.addEventListener("abort", wait, { once: true });
  return () => {
    signal.removeEventListener("abort", wait);
    clearTimeout(timer);
  };
}

/** What {@link startStoppableWorker} takes. */
export interface StoppableWorkerOptions {
  readonly config: Config;
  readonly connectionString: string;
  readonly log: Logger;
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal;
}

/**
 * Starts a worker with the project's settings. If the process is asked to end meanwhile, it is ended again, and a start that
 * hangs is waited for no longer: then the answer is null.
 */
export async function startStoppableWorker(options: StoppableWorkerOptions): Promise<RunningWorker | null> {
  const { config, connectionString, log, signal } = options;
  const starting = startSurvivor(connectionString, config, log);
  await Promise.race([starting, aborted(signal)]);
  if (!signal.aborted) {
    return starting;
  }
  await endsWithin(
    starting.then((worker) => worker.stop()),
    STOP_AFTER_GRACE_MS,
  );
  return null;
}

/** A worker whose process lives on when a handler leaves a rejected promise behind. */
async function startSurvivor(connectionString: string, config: Config, log: Logger): Promise<RunningWorker> {
  const endSurvival = surviveStrayRejections(log);
  try {
    const worker = await startWorker({ connectionString, ...workerSettings(config), log });
    return { ...worker, stop: () => worker.stop().finally(endSurvival) };
  } catch (error) {
    endSurvival();
    throw error;
  }
}
