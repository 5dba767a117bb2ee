import { setImmediate } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claim, ClaimAnswer } from "../database/calls/claims.ts";
import { isAnswerLost } from "../database/transientErrors.ts";
import type { EventHub } from "../telemetry/events.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import type { SuspectPlace } from "./suspects.ts";

/** What {@link createClaimer} takes. */
export interface ClaimerOptions {
  readonly workerId: number;
  /** Claims all of these jobs in one commit; `version` replaces the versions this worker knows. */
  readonly claim: (jobIds: readonly string[], version?: string) => Promise<Map<string, ClaimAnswer>>;
  /** Gives claims back. */
  readonly handBack: (claims: readonly Pick<Claim, "jobId" | "fence">[]) => Promise<unknown>;
  /** Whether this process holds the job and knows it. */
  readonly isRunning: (jobId: string) => boolean;
  /** Where a claimed suspect runs. */
  readonly suspects: Pick<SuspectPlace, "take">;
  readonly events: EventHub;
  readonly signal: AbortSignal;
  /** Most jobs in one commit, whose payloads and plans come in one answer; default 200. */
  readonly mostJobs?: number | undefined;
  /** Calls back when what goes on at this moment is done, so that its claims share a commit. Default: `setImmediate`. */
  readonly soon?: ((claim: () => void) => unknown) | undefined;
}

/** Claims jobs for one worker. */
export interface Claimer {
  /** Takes a job if it is due and free; all calls that arrive while a commit is in flight share the next one. */
  claim(jobId: string): Promise<ClaimAnswer>;
  /** Takes a job of a version this worker does not know, to fail it. */
  claimUnknown(jobId: string, version: string): Promise<ClaimAnswer>;
}

const DOUBT_PAUSE_MS = 200;

type Waiting = Map<string, PromiseWithResolvers<ClaimAnswer>>;

const MISSING: ClaimAnswer = { outcome: "missing", holder: null, fence: null };
const HELD_BY_US: ClaimAnswer = { outcome: "held", holder: null, fence: null };

/** Creates a claimer with natural batching: one commit for all jobs being claimed at that moment. */
export function createClaimer(options: ClaimerOptions): Claimer {
  const {
    workerId,
    claim,
    handBack,
    isRunning,
    suspects,
    events,
    signal,
    mostJobs = 200,
    soon = setImmediate,
  } = options;
  const waiting: Waiting = new Map();
  let inFlight: Waiting = new Map();
  let isFlushing = false;

  /** What is asked for in this turn of the event loop shares a commit: graphile-worker hands out all that it fetched in one. */
  function drainSoon(): void {
    if (!isFlushing) {
      isFlushing = true;
      soon(() => {
        void drain();
      });
    }
  }

  async function drain(): Promise<void> {
    while (waiting.size > 0) {
      inFlight = takeBatch();
      await flush(inFlight);
    }
    isFlushing = false;
  }

  function takeBatch(): Waiting {
    const batch: Waiting = new Map();
    for (const [jobId, answer] of waiting) {
      if (batch.size === mostJobs) {
        break;
      }
      waiting.delete(jobId);
      batch.set(jobId, answer);
    }
    return batch;
  }

  async function flush(batch: Waiting): Promise<void> {
    try {
      const { answers, doubtful } = await claimKnowingly([...batch.keys()]).finally(() => {
        // Whoever is answered may ask again at once.
        inFlight = new Map();
      });
      for (const [jobId, { resolve }] of batch) {
        resolve(doubtful.has(jobId) ? untilCertain(jobId) : (answers.get(jobId) ?? MISSING));
      }
    } catch (error) {
      for (const { reject } of batch.values()) {
        reject(error);
      }
    }
  }

  /** Asks again until nobody holds the job's rows; nobody else waits for that. */
  async function untilCertain(jobId: string, version?: string): Promise<ClaimAnswer> {
    for (;;) {
      await sleep(DOUBT_PAUSE_MS, undefined, { signal });
      const { answers } = await claimKnowingly([jobId], version);
      const answer = answers.get(jobId) ?? MISSING;
      if (answer.outcome !== "locked") {
        return answer;
      }
    }
  }

  /**
   * Claims; what a COMMIT whose answer was lost has claimed for us without our knowing is let go and claimed anew. Doubtful is
   * what somebody locks after an answer was lost: it may be our own COMMIT, which is still under way.
   */
  async function claimKnowingly(
    jobIds: readonly string[],
    version?: string,
  ): Promise<{ readonly answers: Map<string, ClaimAnswer>; readonly doubtful: ReadonlySet<string> }> {
    let wasLost = false;
    const answers = await repeated("claim", async () => {
      try {
        return await claim(jobIds, version);
      } catch (error) {
        wasLost ||= isAnswerLost(error);
        throw error;
      }
    });
    for (const answer of answers.values()) {
      if (answer.outcome === "claimed" && answer.claim.isSuspect) {
        suspects.take(answer.claim.jobId);
      }
    }
    const doubtful = wasLost
      ? [...answers].filter(([, { outcome }]) => outcome === "locked").map(([jobId]) => jobId)
      : [];
    const lost = [...answers].flatMap(([jobId, answer]) =>
      answer.outcome === "held" && answer.holder === workerId && answer.fence !== null && !isRunning(jobId)
        ? [{ jobId, fence: answer.fence }]
        : [],
    );
    if (lost.length === 0) {
      return { answers, doubtful: new Set(doubtful) };
    }
    await repeated("hand back", () => handBack(lost));
    const again = await claimKnowingly(
      lost.map(({ jobId }) => jobId),
      version,
    );
    return { answers: new Map([...answers, ...again.answers]), doubtful: new Set([...doubtful, ...again.doubtful]) };
  }

  function repeated<Answer>(call: string, attempt: () => Promise<Answer>): Promise<Answer> {
    return repeatUntilAnswered(attempt, { call, events, signal });
  }

  return {
    claim(jobId) {
      // A second wake-up for the same job at the same moment.
      if (waiting.has(jobId) || inFlight.has(jobId)) {
        return Promise.resolve(HELD_BY_US);
      }
      const answer = Promise.withResolvers<ClaimAnswer>();
      waiting.set(jobId, answer);
      drainSoon();
      return answer.promise;
    },
    async claimUnknown(jobId, version) {
      const { answers, doubtful } = await claimKnowingly([jobId], version);
      return doubtful.has(jobId) ? untilCertain(jobId, version) : (answers.get(jobId) ?? MISSING);
    },
  };
}
