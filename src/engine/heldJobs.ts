import type { Claim } from "../database/calls/claims.ts";
import type { Attempt, LetGo } from "./attempt.ts";

/** The jobs that this process holds and knows that it does. */
export interface HeldJobs {
  has(jobId: string): boolean;
  /** The claims under which it holds them. */
  claims(): readonly Claim[];
  add(attempt: Attempt): void;
  remove(jobId: string): void;
  /** Aborts the handlers of these claims, because somebody else has their jobs now or nobody shall. */
  lose(claims: readonly Claim[]): void;
  /** Aborts the handlers of every claim. */
  letGo(reason: LetGo): void;
}

/** Creates the set, empty. */
export function createHeldJobs(): HeldJobs {
  const attempts = new Map<string, Attempt>();
  return {
    has: (jobId) => attempts.has(jobId),
    claims: () => Array.from(attempts.values(), ({ claim }) => claim),
    add(attempt) {
      attempts.set(attempt.claim.jobId, attempt);
    },
    remove(jobId) {
      attempts.delete(jobId);
    },
    lose(claims) {
      for (const claim of claims) {
        const attempt = attempts.get(claim.jobId);
        // It may have been claimed anew meanwhile.
        if (attempt?.claim === claim) {
          attempt.lose();
        }
      }
    },
    letGo(reason) {
      for (const attempt of attempts.values()) {
        attempt.letGo(reason);
      }
    },
  };
}
