import type { Claim, ClaimAnswer } from "../database/calls/claims.ts";
import type { EventHub } from "../telemetry/events.ts";
import { repeatUntilAnswered } from "./repeat.ts";

/** What {@link createClaimer} takes. */
export interface ClaimerOptions {
  readonly workerId: number;
  /** Claims all of these jobs in one commit. */
  readonly claim: (jobIds: readonly string[]) => Promise<Map<string, ClaimAnswer>>;
  /** Gives back a claim whose answer was lost. */
  readonly handBack: (claim: Pick<Claim, "jobId" | "fence">) => Promise<unknown>;
  /** Whether this process is running the job right now. */
  readonly isRunning: (jobId: string) => boolean;
  readonly events: EventHub;
  readonly signal: AbortSignal;
}

/** Claims jobs for one worker. */
export interface Claimer {
  /** Takes a job if it is due and free; all calls that arrive while a commit is in flight share the next one. */
  claim(jobId: string): Promise<ClaimAnswer>;
}

type Waiting = Map<string, PromiseWithResolvers<ClaimAnswer>>;

const HELD_BY_US: ClaimAnswer = { outcome: "held", holder: null, fence: null };

/** Creates a claimer with natural batching: one commit for all jobs being claimed at that moment. */
export function createClaimer({ workerId, claim, handBack, isRunning, events, signal }: ClaimerOptions): Claimer {
  let waiting: Waiting = new Map();
  let inFlight: Waiting = new Map();
  let isFlushing = false;

  async function drain(): Promise<void> {
    if (isFlushing) {
      return;
    }
    isFlushing = true;
    while (waiting.size > 0) {
      inFlight = waiting;
      waiting = new Map();
      await flush(inFlight);
      inFlight = new Map();
    }
    isFlushing = false;
  }

  async function flush(batch: Waiting): Promise<void> {
    let isRepeat = false;
    try {
      const answers = await repeatUntilAnswered(
        async () => {
          try {
            return await claim([...batch.keys()]);
          } catch (error) {
            isRepeat = true;
            throw error;
          }
        },
        { call: "claim", events, signal },
      );
      for (const [jobId, { resolve }] of batch) {
        const answer = answers.get(jobId) ?? { outcome: "missing", holder: null, fence: null };
        if (isRepeat) {
          await undoLostClaim(jobId, answer);
        }
        resolve(answer);
      }
    } catch (error) {
      for (const { reject } of batch.values()) {
        reject(error);
      }
    }
  }

  /** A COMMIT whose answer was lost may have claimed the job for us without our knowing: let it go, with a wake-up. */
  async function undoLostClaim(jobId: string, answer: ClaimAnswer): Promise<void> {
    if (answer.outcome === "held" && answer.holder === workerId && answer.fence !== null && !isRunning(jobId)) {
      const { fence } = answer;
      await repeatUntilAnswered(() => handBack({ jobId, fence }), { call: "hand back", events, signal });
    }
  }

  return {
    claim(jobId) {
      // A second wake-up for the same job at the same moment.
      if (waiting.has(jobId) || inFlight.has(jobId)) {
        return Promise.resolve(HELD_BY_US);
      }
      const answer = Promise.withResolvers<ClaimAnswer>();
      waiting.set(jobId, answer);
      void drain();
      return answer.promise;
    },
  };
}
