import { explainJob } from "../database/calls/jobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { workersForJob } from "../database/calls/workers.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { isRatchetError } from "../errors/ratchetError.ts";
import { isWaitingForRetry } from "./progress/history.ts";
import { isFinal, type ProgressSnapshot } from "./progress/snapshot.ts";

/** How long a job may stand still before its watcher is told why: longer than a worker with room takes. */
const PATIENCE_MS = 2_000;

/** When this very process is about to start the worker, which may take a while. */
const PATIENCE_WITH_OWN_WORKER_MS = 10_000;

/**
 * Says why a job stands still and what moves it, as `ratchet.explain_job` does; undefined while a live worker has it, while
 * it waits for a retry that some worker will make, and in the first 2 s without a change (10 s if `bringsWorker`; none if no live worker could take it).
 */
export async function explainStandstill(
  db: Queryable,
  snapshot: ProgressSnapshot,
  { stillMs, bringsWorker }: { readonly stillMs: number; readonly bringsWorker: boolean },
): Promise<string | undefined> {
  const hasNobody = snapshot.workers?.isHeld === false && !snapshot.workers.isKnown;
  const usualMs = hasNobody ? 0 : PATIENCE_MS;
  const patienceMs = bringsWorker ? PATIENCE_WITH_OWN_WORKER_MS : usualMs;
  if (isFinal(snapshot) || stillMs < patienceMs) {
    return undefined;
  }
  try {
    const { isHeld, isKnown } = snapshot.workers ?? (await workersForJob(db, snapshot.id));
    const isCountingDown =
      isWaitingForRetry(snapshot) && snapshot.nextAttemptAt !== null && snapshot.nextAttemptAt > snapshot.now;
    return isHeld || (isCountingDown && isKnown) ? undefined : await explainJob(db, snapshot.id);
  } catch (cause) {
    const error = toRatchetError(cause);
    // Whoever follows the job says so at its next look, and waits.
    if (isRatchetError(error) && error.retryable) {
      return undefined;
    }
    throw error;
  }
}
