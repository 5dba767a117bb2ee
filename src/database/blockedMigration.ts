import { setTimeout as delay } from "node:timers/promises";

import { RatchetError } from "../errors/ratchetError.ts";
import { findOldestLockHolder } from "./calls/lockHolders.ts";
import type { Queryable } from "./calls/queryable.ts";
import type { DatabaseLog } from "./log.ts";
import { codeOf, isRepeatRequest } from "./transientErrors.ts";

/**
 * How long a statement of a migration waits for a lock. Whoever wants to write queues up behind it meanwhile, though the
 * lock they wait for is held by a third; so this is how long a migration that cannot go on stops them.
 */
export const MIGRATION_LOCK_TIMEOUT_MS = 200;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
const TELL_EVERY_MS = 10_000;
const GIVE_UP_AFTER_MS = 300_000;

const LOCK_NOT_AVAILABLE = "55P03";

/** What {@link repeatWhileBlocked} takes. */
export interface BlockedOptions {
  /** Asked who is in the way. */
  readonly db: Queryable;
  readonly log: DatabaseLog;
  /** Ends the trying, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default: 5 minutes. */
  readonly giveUpAfterMs?: number | undefined;
}

/**
 * Runs a transaction that has {@link MIGRATION_LOCK_TIMEOUT_MS} as its lock_timeout, again and again until it gets all its
 * locks, with growing pauses in which everybody else goes on. Tells at the first failure and every 10 s who is in the way.
 * @throws {RatchetError} RT149 after `giveUpAfterMs`
 */
export async function repeatWhileBlocked<Answer>(
  work: () => Promise<Answer>,
  { db, log, signal, giveUpAfterMs = GIVE_UP_AFTER_MS }: BlockedOptions,
): Promise<Answer> {
  const startedAtMs = performance.now();
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let pauseMs = FIRST_PAUSE_MS;
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== LOCK_NOT_AVAILABLE && !isRepeatRequest(error)) {
        throw error;
      }
      const nowMs = performance.now();
      const seconds = Math.round((nowMs - startedAtMs) / 1000);
      const inTheWay = await findOldestLockHolder(db);
      if (nowMs - startedAtMs > giveUpAfterMs) {
        throw new RatchetError(
          "RT149",
          `The migration did not get its locks in ${tries} tries over ${seconds} s. ${inTheWay ?? ""}`.trimEnd(),
          { cause: error },
        );
      }
      if (nowMs - toldAtMs >= TELL_EVERY_MS) {
        toldAtMs = nowMs;
        log.warn({ tries, seconds, inTheWay }, "the migration waits for somebody else's lock; it tries again");
      }
      await delay(pauseMs, undefined, { signal });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}
