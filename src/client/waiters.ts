import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { type JobDetailsRow, readJobDetails, readWaitedJobs, type WaitedJob } from "../database/calls/jobDetails.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import { isRepeatRequest } from "../database/transientErrors.ts";
import { isRatchetError, RatchetError } from "../errors/ratchetError.ts";
import { createAnnouncements } from "./announcements.ts";
import { clientError, type Connections } from "./connections.ts";

/** Everybody who waits for a job's end. */
export interface Waiters {
  /**
   * Resolves once the job is final.
   * @throws {RatchetError} RT013 (no such job), RT126 (time-out), RT127 (closed); the signal's reason.
   */
  wait(jobId: string, limits: WaitLimits): Promise<JobDetailsRow>;
  /** Rejects all that wait. Safe to call twice. */
  close(): Promise<void>;
}

/** How long somebody waits. */
export interface WaitLimits {
  readonly signal?: AbortSignal | undefined;
  /** Default: without end. */
  readonly timeoutMs?: number | undefined;
}

/** What {@link createWaiters} takes. */
export interface WaitersOptions {
  readonly connections: Connections;
  readonly schemas: SchemaNames;
  /** Whether to hear of changes over a connection of its own, or to look only. */
  readonly isListening: boolean;
  /** How often to look at all jobs while changes are heard of. Default: 5 s. */
  readonly slowPollMs?: number | undefined;
  /** The same while they are not. Default: 1 s. */
  readonly fastPollMs?: number | undefined;
}

interface Waiter {
  readonly resolve: (job: JobDetailsRow) => void;
  readonly reject: (error: unknown) => void;
}

/** Results may have a megabyte a task. */
const DETAILS_AT_ONCE = 20;
const TROUBLE_PAUSE_MS = 500;
// A timer with a longer delay fires at once (Node: TIMEOUT_MAX).
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Creates the waiting: one query for all jobs that may have changed, at news and behind it every few seconds. A database that
 * goes away is waited for.
 */
export function createWaiters(options: WaitersOptions): Waiters {
  const { connections, schemas, isListening, slowPollMs = 5_000, fastPollMs = 1_000 } = options;
  const waiting = new Map<string, Set<Waiter>>();
  const seen = new Map<string, WaitedJob>();
  const due = new Set<string>();
  let looking: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const announcements = createAnnouncements({
    connections,
    schemas,
    onNews(jobIds) {
      for (const jobId of jobIds ?? waiting.keys()) {
        if (waiting.has(jobId)) {
          due.add(jobId);
        }
      }
      look();
    },
  });

  function look(): void {
    if (looking === null && due.size > 0) {
      clearTimeout(timer);
      looking = lookWhileDue().finally(() => {
        looking = null;
        lookLater();
      });
    }
  }

  function lookLater(): void {
    clearTimeout(timer);
    if (waiting.size > 0) {
      const pollMs = isListening && announcements.isHearing() ? slowPollMs : fastPollMs;
      timer = setTimeout(() => {
        dueAll();
        look();
      }, pollMs);
    }
  }

  function dueAll(): void {
    for (const jobId of waiting.keys()) {
      due.add(jobId);
    }
  }

  async function lookWhileDue(): Promise<void> {
    // Who begins to wait in the same turn of the event loop comes along.
    await setImmediate();
    while (due.size > 0) {
      const jobIds = [...due].filter((jobId) => waiting.has(jobId));
      due.clear();
      try {
        await lookAt(jobIds);
      } catch (cause) {
        await bear(cause, jobIds);
      }
    }
  }

  async function lookAt(jobIds: readonly string[]): Promise<void> {
    const jobs = new Map((await readWaitedJobs(connections.db, jobIds)).map((job) => [job.id, job]));
    const finalIds: string[] = [];
    for (const jobId of jobIds) {
      const job = jobs.get(jobId);
      if (job === undefined) {
        end(jobId, ({ reject }) => {
          reject(missing(jobId, seen.has(jobId)));
        });
      } else if (job.isFinal) {
        finalIds.push(jobId);
      } else if (waiting.has(jobId)) {
        seen.set(jobId, job);
        if (isListening) {
          announcements.follow(job.tenant);
        }
      }
    }
    for (let from = 0; from < finalIds.length; from += DETAILS_AT_ONCE) {
      await handOut(finalIds.slice(from, from + DETAILS_AT_ONCE));
    }
  }

  async function handOut(jobIds: readonly string[]): Promise<void> {
    const details = await readJobDetails(connections.db, jobIds);
    for (const jobId of jobIds) {
      const job = details.get(jobId);
      end(jobId, ({ resolve, reject }) => {
        if (job === undefined) {
          reject(missing(jobId, true));
        } else {
          resolve(job);
        }
      });
    }
  }

  /** Waits through what may pass; what will not is told to all who waited for these jobs. */
  async function bear(cause: unknown, jobIds: readonly string[]): Promise<void> {
    const error = clientError(cause);
    const mayPass = isRepeatRequest(cause) || (isRatchetError(error) && error.code === "RT101" && error.retryable);
    if (!mayPass) {
      for (const jobId of jobIds) {
        end(jobId, ({ reject }) => {
          reject(error);
        });
      }
      return;
    }
    if (waiting.size > 0) {
      await sleep(TROUBLE_PAUSE_MS);
      for (const jobId of jobIds) {
        due.add(jobId);
      }
    }
  }

  function end(jobId: string, answer: (waiter: Waiter) => void): void {
    for (const waiter of waiting.get(jobId) ?? []) {
      answer(waiter);
    }
  }

  function leave(jobId: string, waiter: Waiter): void {
    const waiters = waiting.get(jobId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) {
      waiting.delete(jobId);
      seen.delete(jobId);
    }
    if (waiting.size === 0) {
      clearTimeout(timer);
      void announcements.stop();
    }
  }

  return {
    wait(jobId, { signal, timeoutMs }) {
      const { promise, resolve, reject } = Promise.withResolvers<JobDetailsRow>();
      if (isClosed) {
        reject(closed(jobId));
        return promise;
      }
      if (signal?.aborted === true) {
        reject(signal.reason);
        return promise;
      }
      const waiter: Waiter = { resolve, reject };
      const stop = (): void => {
        reject(signal?.reason);
      };
      const limit =
        timeoutMs === undefined
          ? undefined
          : setTimeout(
              () => {
                reject(timedOut(jobId, timeoutMs, seen.get(jobId)));
              },
              Math.min(timeoutMs, LONGEST_TIMER_MS),
            );
      signal?.addEventListener("abort", stop);
      waiting.set(jobId, (waiting.get(jobId) ?? new Set()).add(waiter));
      due.add(jobId);
      look();
      return promise.finally(() => {
        clearTimeout(limit);
        signal?.removeEventListener("abort", stop);
        leave(jobId, waiter);
      });
    },
    async close() {
      isClosed = true;
      for (const jobId of waiting.keys()) {
        end(jobId, ({ reject }) => {
          reject(closed(jobId));
        });
      }
      await looking;
      await announcements.stop();
    },
  };
}

function missing(jobId: string, wasThere: boolean): RatchetError {
  return wasThere
    ? new RatchetError("RT013", `Job ${jobId} was deleted while it was waited for.`, {
        hint: "Somebody deleted it, or it was pruned long after its end; what became of it is no longer known.",
      })
    : new RatchetError("RT013", `There is no job ${jobId}.`);
}

function closed(jobId: string): RatchetError {
  return new RatchetError("RT127", `The client was closed while job ${jobId} was waited for.`);
}

function timedOut(jobId: string, timeoutMs: number, job: WaitedJob | undefined): RatchetError {
  const state = job === undefined ? "Postgres has not answered" : `it is ${job.status}`;
  return new RatchetError("RT126", `Job ${jobId} was not final after ${timeoutMs / 1000} s: ${state}.`);
}
