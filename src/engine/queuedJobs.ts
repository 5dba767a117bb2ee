import { type Claim, claimJobs, handBack, readUnknownVersion, settleJob } from "../database/calls/claims.ts";
import { addWakeUps } from "../database/calls/wakeUps.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { LetGo } from "./attempt.ts";
import { bindDefinition } from "./definedJob.ts";
import { describeOwn } from "./failure.ts";
import { runPlan } from "./planRun.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import type { EngineSession } from "./session.ts";

/** For how long a due job waits for a worker that knows its version before its task fails with a text that says so. */
export const UNKNOWN_VERSION_MS = 60_000;

const LOCKED_PAUSE_MS = 1000;
const UNKNOWN_VERSION_PAUSE_MS = 2000;

/** Runs queued jobs when they are woken. */
export interface QueuedJobs {
  /**
   * Claims a job and runs it as far as it goes now; does nothing if it is not due or somebody else holds it.
   * @param identifier of the wake-up: a job of another definition is not run for it.
   * @throws {LetGo} `lost` if the claim was lost: then the wake-up may be somebody else's and must not be completed.
   */
  run(jobId: string, identifier: string): Promise<void>;
  /** Whether this process is running the job. */
  isRunning(jobId: string): boolean;
  /** Begins no further task, and waits until nothing runs. */
  drain(): Promise<void>;
  /** Aborts the handlers that still run; their jobs are handed back, uncounted. */
  abort(): void;
}

/** What {@link createQueuedJobs} takes. */
export interface QueuedJobsOptions {
  /** Known at the first run; opened after this, because it asks {@link QueuedJobs.isRunning}. */
  readonly session: () => EngineSession;
  /** The definition of a version, if this worker has it. */
  readonly findDefinition: (identifier: string, version: string | null) => AnyJobDefinition | undefined;
}

/** Creates the runner of queued jobs. */
export function createQueuedJobs({ session: getSession, findDefinition }: QueuedJobsOptions): QueuedJobs {
  const running = new Map<string, Promise<void>>();
  const wokenAgain = new Set<string>();
  const shutdown = new AbortController();
  let isStopping = false;

  async function run(jobId: string, identifier: string): Promise<void> {
    const session = getSession();
    const answer = await session.claimer.claim(jobId);
    switch (answer.outcome) {
      case "claimed":
        if (answer.claim.identifier === identifier) {
          await runClaim(session, answer.claim);
        } else {
          await letGo(session, answer.claim, new LetGo("plan changed", `its wake-up was for "${identifier}"`));
        }
        break;
      case "contradictory":
        await repeated(session, "settle", () => settleJob(session.pool, jobId));
        break;
      case "not due":
        // This wake-up came early and is used up.
        await wakeAgain(session, jobId, 0);
        break;
      case "locked":
        await wakeAgain(session, jobId, LOCKED_PAUSE_MS);
        break;
      case "unknown version":
        await passOn(session, jobId);
        break;
      case "missing":
      case "finished":
      case "held":
      case "not queued":
        break;
    }
  }

  async function runClaim(session: EngineSession, claim: Claim): Promise<void> {
    const { jobId, identifier, fence, plan } = claim;
    const finishedTasks = plan.filter(({ position }) => position < claim.firstPosition).length;
    session.events.emit("job.claimed", { jobId, identifier, fence, tasks: plan.length, finishedTasks });
    session.onWritten([jobId]);
    const definition = findDefinition(identifier, claim.version);
    try {
      if (definition === undefined) {
        throw new LetGo("plan changed", "this worker lost the definition");
      }
      const { findCode, results } = bindDefinition(session, claim, definition);
      await runPlan(session, {
        attempt: { claim, signal: shutdown.signal },
        findCode,
        results,
        isStopping: () => isStopping,
      });
    } catch (error) {
      await letGo(session, claim, error);
    }
  }

  async function letGo(session: EngineSession, claim: Claim, error: unknown): Promise<void> {
    const { jobId, identifier } = claim;
    session.writer.unmark(jobId);
    const reason = error instanceof Error ? error.message : String(error);
    // Even a lost claim: an order that raised the fence of a task may have left the job with us.
    const count = await repeated(session, "hand back", () => handBack(session.pool, session.workerId, [claim]));
    if (count > 0) {
      session.events.emit("job.handedBack", { jobId, identifier, reason });
      session.onWritten([jobId]);
    } else if (error instanceof LetGo && error.kind === "lost") {
      session.events.emit("job.claimLost", { jobId, identifier, reason });
      throw error;
    }
    if (!(error instanceof LetGo)) {
      throw error;
    }
  }

  /** Leaves a job to a worker that knows its version; fails its task if none has for too long. */
  async function passOn(session: EngineSession, jobId: string): Promise<void> {
    const { pool, workerId } = session;
    const { version, unknownMs } = await repeated(session, "look for a worker", () => readUnknownVersion(pool, jobId));
    if (version === null || unknownMs === null || unknownMs < UNKNOWN_VERSION_MS) {
      await wakeAgain(session, jobId, UNKNOWN_VERSION_PAUSE_MS);
      return;
    }
    const answers = await repeated(session, "claim", () => claimJobs(pool, workerId, [jobId], [version]));
    const answer = answers.get(jobId);
    if (answer?.outcome === "claimed") {
      const { claim } = answer;
      const error = new RatchetError(
        "RT120",
        `No live worker knows version ${claim.version} of "${claim.identifier}", for ${Math.round(unknownMs / 1000)} s.`,
      );
      await session.writer.write({
        kind: "failed",
        jobId,
        position: claim.firstPosition,
        fence: claim.fence,
        elapsedMs: 0,
        failure: describeOwn(error),
      });
    }
  }

  function wakeAgain(session: EngineSession, jobId: string, delayMs: number): Promise<void> {
    return repeated(session, "add a wake-up", () => addWakeUps(session.pool, [jobId], delayMs));
  }

  return {
    async run(jobId, identifier) {
      if (running.has(jobId)) {
        // This may be the wake-up that the end of the present run has just added, and it is used up now.
        wokenAgain.add(jobId);
        return;
      }
      do {
        const end = isStopping ? wakeAgain(getSession(), jobId, 0) : run(jobId, identifier);
        running.set(jobId, end);
        try {
          await end;
        } catch (error) {
          if (wokenAgain.delete(jobId)) {
            await wakeAgain(getSession(), jobId, 0);
          }
          throw error;
        } finally {
          running.delete(jobId);
        }
      } while (wokenAgain.delete(jobId));
    },
    isRunning: (jobId) => running.has(jobId),
    async drain() {
      isStopping = true;
      await Promise.allSettled(running.values());
    },
    abort() {
      shutdown.abort(new LetGo("shutdown", "the worker is stopping"));
    },
  };
}

function repeated<Answer>(session: EngineSession, call: string, attempt: () => Promise<Answer>): Promise<Answer> {
  return repeatUntilAnswered(attempt, { call, events: session.events, signal: session.closing });
}
