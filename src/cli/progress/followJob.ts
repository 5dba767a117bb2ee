import { setTimeout as delay } from "node:timers/promises";

import { toRatchetError } from "../../errors/fromDatabase.ts";
import { isRatchetError } from "../../errors/ratchetError.ts";
import { isFinal, type ProgressSnapshot } from "./snapshot.ts";

/** Where a follower gets its snapshots and its news from. */
export interface Source<Snapshot> {
  /** How it is now. */
  readonly read: () => Promise<Snapshot>;
  /** Calls `wake` whenever that may have changed. */
  readonly subscribe: (wake: () => void) => { close(): Promise<void> };
}

/** What is followed of one job. */
export type JobSource = Source<ProgressSnapshot>;

/** What {@link follow} takes besides the source. */
export interface FollowOptions {
  /** Ends the following early. */
  readonly signal: AbortSignal;
  /** Called when the database cannot be reached, and with null when it can again. */
  readonly onTrouble: (message: string | null) => void;
  /** How long to wait for news before looking anyway. Default: 1 s. */
  readonly pollMs?: number | undefined;
}

// Announcements come up to 20 times a second; a plan of thousands of tasks need not be read that often, and takes 0.1 s.
const SHORTEST_PAUSE_MS = 50;
const PAUSES_A_READ = 5;

/**
 * Gives the job's snapshots, the last one when the job is final; otherwise as {@link follow}. Intermediate states may be
 * missed, the final one never.
 */
export async function* followJob(
  source: JobSource,
  options: FollowOptions,
): AsyncGenerator<ProgressSnapshot, void, void> {
  for await (const snapshot of follow(source, options)) {
    yield snapshot;
    if (isFinal(snapshot)) {
      return;
    }
  }
}

/** Gives snapshots, the first at once, the next after each announcement or poll. A database that goes away is waited for. */
export async function* follow<Snapshot>(
  source: Source<Snapshot>,
  { signal, onTrouble, pollMs = 1_000 }: FollowOptions,
): AsyncGenerator<Snapshot, void, void> {
  const bell = createBell();
  const subscription = source.subscribe(bell.ring);
  const stop = (): void => {
    bell.ring();
  };
  signal.addEventListener("abort", stop);
  let inTrouble = false;
  const tellTrouble = (message: string): void => {
    inTrouble = true;
    onTrouble(message);
  };
  try {
    while (!signal.aborted) {
      bell.reset();
      const beganAt = performance.now();
      const snapshot = await readPatiently(source, tellTrouble);
      const pauseMs = Math.max(SHORTEST_PAUSE_MS, PAUSES_A_READ * (performance.now() - beganAt));
      if (snapshot !== null) {
        if (inTrouble) {
          inTrouble = false;
          onTrouble(null);
        }
        yield snapshot;
      }
      await bell.wait(pollMs);
      if (!signal.aborted) {
        await delay(Math.min(pauseMs, pollMs));
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await subscription.close();
  }
}

async function readPatiently<Snapshot>(
  source: Source<Snapshot>,
  onTrouble: (message: string) => void,
): Promise<Snapshot | null> {
  try {
    return await source.read();
  } catch (cause) {
    const error = toRatchetError(cause);
    if (isRatchetError(error) && error.code === "RT101" && error.retryable) {
      onTrouble(error.message);
      return null;
    }
    throw error;
  }
}

/** A bell that remembers being rung until it is reset. */
function createBell() {
  let rung = new AbortController();
  return {
    ring: (): void => {
      rung.abort();
    },
    reset: (): void => {
      rung = new AbortController();
    },
    /** Resolves when the bell is rung, at the latest after `longestMs`. */
    wait: (longestMs: number): Promise<void> => delay(longestMs, undefined, { signal: rung.signal }).catch(() => {}),
  };
}
