import type { Claim } from "../database/calls/claims.ts";
import type { HeldJobs } from "./heldJobs.ts";

const CHECK_EVERY_MS = 500;

/** What {@link startClaimCheck} takes. */
export interface ClaimCheckOptions {
  /** What this process believes to hold; those that are lost have their handlers aborted. */
  readonly held: HeldJobs;
  /** Finds the jobs of these claims that are lost. */
  readonly findLost: (claims: readonly Claim[]) => Promise<ReadonlySet<string>>;
}

/**
 * Asks every half second, while anything is claimed, whether it is still this process' own, so that a handler is told of a
 * cancellation within a second.
 * @returns a function that ends the asking.
 */
export function startClaimCheck({ held, findLost }: ClaimCheckOptions): () => void {
  let isAsking = false;

  async function ask(): Promise<void> {
    const claims = held.claims();
    if (isAsking || claims.length === 0) {
      return;
    }
    isAsking = true;
    try {
      const lost = await findLost(claims);
      held.lose(claims.filter(({ jobId }) => lost.has(jobId)));
    } catch {
      // Postgres is away; the calls that jobs wait for tell of it.
    } finally {
      isAsking = false;
    }
  }

  const timer = setInterval(() => {
    void ask();
  }, CHECK_EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
