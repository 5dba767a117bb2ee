import { type Claim, handBack, readUnknownVersion, settleJob } from "../database/calls/claims.ts";
import { type WakeUpLimits, addWakeUps } from "../database/calls/wakeUps.ts";
import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { LetGo, createAttempt } from "./attempt.ts";
import { type DefinedJob, bindDefinition, undefinedJob } from "./definedJob.ts";
import type { HeldJobs } from "./heldJobs.ts";
import { runPlan } from "./planRun.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import type { EngineSession } from "./session.ts";

/** For how long a due job waits for a worker that knows its version before its task fails with a text that says so. */
const UNKNOWN_VERSION_MS = 60_000;

const LOCKED_PAUSE_MS = 1000;
/** Before a suspect that must wait here comes back, unless this worker wakes it earlier or another one takes it. */
const SUSPECT_PAUSE_MS = 2000;
const UNKNOWN_VERSION_PAUSE_MS = 2000;
/** Before a job is woken again whose run ended by an error of the engine or of Postgres, not of a handler. */
const UNEXPECTED_PAUSE_MS = 5000;

/** Runs queued jobs when they are woken. */
export interface QueuedJobs {
  /**
   * Claims a job and runs it as far as it goes now; does nothing if it is not due or somebody else holds it.
   * @param identifier of the wake-up: a job of another definition is not run for it.
   * @throws {LetGo} `lost` if the claim was lost: then the wake-up may be somebody else's and must not be completed.
   */
  run(jobId: string, identifier: string): Promise<void>;
  /** Begins no further task, and waits until nothing runs. */
  drain(): Promise<void>;
  /** Aborts the handlers that still run; their jobs are handed back, uncounted. */
  abort(): void;
}

/** What {@link createQueuedJobs} takes. */
export interface QueuedJobsOptions {
  /** Asked at each run: a worker is opened after this. */
  readonly session: () => EngineSession;
  /** Where the jobs are noted that run. */
  readonly held: HeldJobs;
  /** The definition of a version, if this worker has it. */
  readonly findDefinition: (identifier: string, version: string | null) => AnyJobDefinition | undefined;
  /**
   * Where versions are noted whose jobs this worker has passed on; it must fetch no wake-up that is flagged with one of
   * them. Without it jobs are passed on after a pause, so that they do not come back at once.
   */
  readonly passedOn?: Set<string> | undefined;
}

/** Creates the runner of queued jobs. */
export function createQueuedJobs({
  session: getSession,
  held,
  findDefinition,
  passedOn,
}: QueuedJobsOptions): QueuedJobs {
  const running = new Map<string, Promise<void>>();
  const wokenMeanwhile = new Set<string>();
  let shutdown: LetGo | undefined;
  let isStopping = false;

  async function runOnce(jobId: string, identifier: string): Promise<void> {
    const session = getSession();
    try {
      await (isStopping ? wakeAgain(session, jobId) : claimAndRun(session, jobId, identifier));
    } finally {
      running.delete(jobId);
      if (wokenMeanwhile.delete(jobId)) {
        await wakeAgain(session, jobId);
      }
    }
  }

  async function claimAndRun(session: EngineSession, jobId: string, identifier: string): Promise<void> {
    const answer = await session.claimer.claim(jobId);
    switch (answer.outcome) {
      case "claimed": {
        const { claim } = answer;
        await runClaim(session, claim, () => {
          if (claim.identifier !== identifier) {
            throw new LetGo("plan changed", `its wake-up was for "${identifier}"`);
          }
          const definition = findDefinition(claim.identifier, claim.version);
          if (definition === undefined) {
            throw new Error(`This worker has no definition of "${claim.identifier}" in version ${claim.version}`);
          }
          return bindDefinition(session, claim, definition);
        });
        break;
      }
      case "contradictory":
        await repeated(session, "settle", () => settleJob(session.pool, jobId));
        break;
      case "not due":
        // This wake-up came early and is used up.
        await wakeAgain(session, jobId);
        break;
      case "suspect":
        session.suspects.refuse(jobId);
        await wakeAgain(session, jobId, { delayMs: SUSPECT_PAUSE_MS });
        break;
      case "locked":
      case "buried":
        await wakeAgain(session, jobId, { delayMs: LOCKED_PAUSE_MS });
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

  async function runClaim(session: EngineSession, claim: Claim, bind: () => DefinedJob): Promise<void> {
    const { jobId } = claim;
    const attempt = createAttempt(claim);
    held.add(attempt);
    if (shutdown !== undefined) {
      attempt.letGo(shutdown);
    }
    try {
      session.onWritten([jobId]);
      await runPlan(session, {
        ...bind(),
        attempt,
        isStopping: () => isStopping,
        onTaskEnd: () => {
          session.suspects.release(jobId);
        },
      });
    } catch (error) {
      await letGo(session, claim, error);
    } finally {
      session.suspects.release(jobId);
      held.remove(jobId);
    }
  }

  /** Leaves a job to a worker that knows its version; fails its task if none has for too long. */
  async function passOn(session: EngineSession, jobId: string): Promise<void> {
    const { pool, claimer } = session;
    const { version, unknownMs } = await repeated(session, "look for a worker", () => readUnknownVersion(pool, jobId));
    if (version !== null && unknownMs === null && passedOn !== undefined) {
      passedOn.add(version);
      await wakeAgain(session, jobId, { flags: [version] });
      return;
    }
    if (version === null || unknownMs === null || unknownMs < UNKNOWN_VERSION_MS) {
      await wakeAgain(session, jobId, { delayMs: UNKNOWN_VERSION_PAUSE_MS });
      return;
    }
    const answer = await claimer.claimUnknown(jobId, version);
    if (answer.outcome === "claimed") {
      const { claim } = answer;
      const error = new RatchetError(
        "RT120",
        `No live worker has known version ${claim.version} of "${claim.identifier}" for ${Math.round(unknownMs / 1000)} s.`,
      );
      await runClaim(session, claim, () => undefinedJob(claim, error));
    }
  }

  return {
    run(jobId, identifier) {
      if (running.has(jobId)) {
        // Perhaps for what this very attempt has just written, such as its retry: it must not get lost.
        wokenMeanwhile.add(jobId);
        return Promise.resolve();
      }
      const end = runOnce(jobId, identifier);
      running.set(jobId, end);
      return end;
    },
    async drain() {
      isStopping = true;
      while (running.size > 0) {
        await Promise.allSettled(running.values());
      }
    },
    abort() {
      shutdown = new LetGo("shutdown", "the worker is stopping");
      held.letGo(shutdown);
    },
  };
}

async function letGo(session: EngineSession, claim: Claim, error: unknown): Promise<void> {
  const { jobId, identifier } = claim;
  session.writer.unmark(jobId);
  const reason = error instanceof Error ? error.message : String(error);
  const delayMs = error instanceof LetGo ? 0 : UNEXPECTED_PAUSE_MS;
  // Even a lost claim: an order that raised the fence of a task may have left the job with us.
  const count = await repeated(session, "hand back", () => handBack(session.pool, session.workerId, [claim], delayMs));
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

function wakeAgain(session: EngineSession, jobId: string, limits?: WakeUpLimits): Promise<void> {
  return repeated(session, "add a wake-up", () => addWakeUps(session.pool, [jobId], limits));
}

function repeated<Answer>(session: EngineSession, call: string, attempt: () => Promise<Answer>): Promise<Answer> {
  return repeatUntilAnswered(attempt, { call, events: session.events, signal: session.closing });
}
