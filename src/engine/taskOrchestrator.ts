import type { Logger } from "pino";
import { type Claim, type PlannedTask, type TaskStatus, handBack } from "../database/calls/claims.ts";
import { readResults } from "../database/calls/checkpoints.ts";
import { type JobRow, type TaskRow, createJob, createTasks, readTasks } from "../database/calls/plans.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { type EventHub, createEventHub } from "../telemetry/events.ts";
import { logEvents } from "../telemetry/logEvents.ts";
import { createLogger } from "../telemetry/logger.ts";
import { type Attempt, LetGo, createAttempt } from "./attempt.ts";
import { createHeldJobs } from "./heldJobs.ts";
import { type OpenSession, openSession } from "./openSession.ts";
import { isSkipped, runPlan } from "./planRun.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import { type ResultStore, createResultStore } from "./results.ts";
import type { AnyTaskContext } from "./handlerContext.ts";
import { type TaskCode, type TaskResult, runTask } from "./taskRun.ts";

/** The code of one task of a plan that a program brings itself. */
export type OrchestratedHandler = (context: AnyTaskContext) => unknown;

/** Handlers by the name of their task. */
export type OrchestratedHandlers = Readonly<Record<string, OrchestratedHandler | undefined>>;

/** Options of {@link TaskOrchestrator}. */
export interface TaskOrchestratorOptions {
  /** A database that `ratchet migrate` has prepared. A direct connection, not a transaction pooler. */
  readonly connectionString: string;
  /** What the schemas are called. Default: `ratchet` and `graphile_worker`. */
  readonly schemas?: Partial<SchemaNames> | undefined;
  /** Default: JSON lines on standard output. */
  readonly log?: Logger | undefined;
  /** Default: only the log hears events. */
  readonly events?: EventHub | undefined;
}

/**
 * Runs jobs whose plan the program brings itself, outside the queue, through the same code as every queued job: each task's
 * end is durable before the next begins, and calling `executeJobWithTasks` again resumes at the failed task. It schedules
 * no retry by itself. End it with {@link close}.
 */
export class TaskOrchestrator {
  readonly #options: TaskOrchestratorOptions;
  readonly #log: Logger;
  readonly #events: EventHub;
  readonly #held = createHeldJobs();
  #closing: LetGo | undefined;
  readonly #endLogging: () => void;
  #session: Promise<OpenSession> | undefined;

  constructor(options: TaskOrchestratorOptions) {
    this.#options = options;
    this.#log = options.log ?? createLogger();
    this.#events =
      options.events ??
      createEventHub((error, event) => {
        this.#log.error({ err: error, event }, "an event listener threw");
      });
    this.#endLogging = logEvents(this.#events, this.#log);
  }

  /**
   * Writes a job without tasks.
   * @param job its identifier is only a name here; the payload is a JSON object.
   * @throws {RatchetError} RT002
   */
  async createJob(job: {
    readonly identifier: string;
    readonly payload: object;
    readonly tenant?: string;
  }): Promise<JobRow> {
    const { pool } = await this.#open();
    return createJob(pool, job.identifier, job.payload, job.tenant ?? "default");
  }

  /**
   * Writes a job's plan: one PENDING task a name, at positions 1..N.
   * @throws {RatchetError} RT004 (no name), RT005 (over 10,000), RT013 (no such job), RT014 (a name twice), RT015 (has a plan)
   */
  async createTasks(job: Pick<JobRow, "id">, names: readonly string[]): Promise<TaskRow[]> {
    const { pool } = await this.#open();
    return createTasks(pool, job.id, names);
  }

  /** The job's tasks as they stand now, in one query. */
  async readTasks(job: Pick<JobRow, "id">): Promise<TaskRow[]> {
    const { pool } = await this.#open();
    return readTasks(pool, job.id);
  }

  /** Whether a task is left alone: true for COMPLETED, SKIPPED and CANCELLED. */
  readonly shouldSkipTask: (task: { readonly status: TaskStatus }) => boolean = isSkipped;

  /**
   * Runs one try of a task, which must be the first unfinished one of its job.
   * @throws {RatchetError} RT113 (another process runs the job), RT121 (the job was taken away), RT123 (not its turn)
   */
  async executeTask(task: Pick<TaskRow, "jobId" | "position">, handler: OrchestratedHandler): Promise<TaskResult> {
    const next = (await this.readTasks({ id: task.jobId })).find((each) => !isSkipped(each));
    if (next !== undefined && next.position !== task.position) {
      throw notNext(task, next.position);
    }
    const end = await this.#withClaim(task.jobId, async (session, attempt) => {
      const { claim } = attempt;
      const planned = claim.plan.find(({ position }) => position === task.position);
      // The job may have moved on since we looked.
      if (planned === undefined || planned.position !== claim.firstPosition) {
        throw notNext(task, claim.firstPosition);
      }
      const {
        resultText,
        stop: _stop,
        ...result
      } = await runTask(session, attempt, planned, () => codeOf(claim, planned, handler, resultsOf(session, claim)));
      return { ...result, result: resultText === null ? null : (JSON.parse(resultText) as unknown) };
    });
    if (end === null) {
      throw new RatchetError("RT123", `Job ${task.jobId} has ended; none of its tasks is left to run.`);
    }
    return end;
  }

  /**
   * Runs a job from its first unfinished task to its end or first failure.
   * @param handlers by task name. A missing one fails its task, with a text that says so.
   * @returns whether the job is COMPLETED now. After `false` call it again: that is the retry.
   * @throws {RatchetError} RT004 (no task), RT113 (another process runs the job), RT121 (the job was taken away)
   */
  async executeJobWithTasks(
    job: Pick<JobRow, "id">,
    tasks: readonly Pick<TaskRow, "name">[],
    handlers: OrchestratedHandlers,
  ): Promise<boolean> {
    if (tasks.length === 0) {
      throw new RatchetError("RT004", `The plan of job ${job.id} has no task.`, { hint: "Make one with createTasks." });
    }
    const isCompleted = await this.#withClaim(job.id, (session, attempt) => {
      const { claim } = attempt;
      const results = resultsOf(session, claim);
      return runPlan(session, {
        attempt,
        results,
        isStopping: () => this.#closing !== undefined,
        findCode: (task) =>
          codeOf(claim, task, Object.hasOwn(handlers, task.name) ? handlers[task.name] : undefined, results),
      });
    });
    return (
      isCompleted ?? (await this.readTasks(job)).every(({ status }) => status === "COMPLETED" || status === "SKIPPED")
    );
  }

  /** Waits for nothing: hands back what runs, and closes every connection. Safe twice, and before the first use. */
  async close(): Promise<void> {
    this.#closing ??= new LetGo("shutdown", "the orchestrator was closed");
    this.#held.letGo(this.#closing);
    try {
      const session = await this.#session;
      await session?.close();
    } catch {
      // It could not be opened: the call that opened it has said so.
    } finally {
      this.#endLogging();
    }
  }

  #open(): Promise<OpenSession> {
    if (this.#closing !== undefined) {
      return Promise.reject(new Error("This TaskOrchestrator was closed. Create another one."));
    }
    if (this.#session === undefined) {
      this.#session = openSession({
        connectionString: this.#options.connectionString,
        schemas: this.#options.schemas,
        log: this.#log,
        events: this.#events,
        concurrency: 1,
        isOrder: true,
        held: this.#held,
      });
      // A failed start is tried again by the next call.
      this.#session.catch(() => (this.#session = undefined));
    }
    return this.#session;
  }

  /** `null`: the job has ended already. */
  async #withClaim<End>(
    jobId: string,
    run: (session: OpenSession, attempt: Attempt) => Promise<End>,
  ): Promise<End | null> {
    const session = await this.#open();
    const answer = await session.claimer.claim(jobId);
    if (answer.outcome === "finished") {
      return null;
    }
    if (answer.outcome !== "claimed") {
      throw refusalOf(jobId, answer.outcome, answer.holder);
    }
    const attempt = createAttempt(answer.claim);
    this.#held.add(attempt);
    if (this.#closing !== undefined) {
      attempt.letGo(this.#closing);
    }
    try {
      return await run(session, attempt);
    } catch (error) {
      if (error instanceof LetGo) {
        throw new RatchetError("RT121", `Job ${jobId} was let go before its end: ${error.message}.`, { cause: error });
      }
      throw error;
    } finally {
      session.writer.unmark(jobId);
      // Before the job is free, or this would forget the run of a caller that takes it at once.
      this.#held.remove(jobId);
      await release(session, answer.claim);
    }
  }
}

/** After a failure or the last task nobody holds the job any more, and this changes nothing. */
async function release({ pool, workerId, events, closing }: OpenSession, claim: Claim): Promise<void> {
  try {
    await repeatUntilAnswered(() => handBack(pool, workerId, [claim]), {
      call: "hand back",
      events,
      signal: closing,
    });
  } catch {
    // The session is being closed, which frees the job.
  }
}

function resultsOf(session: OpenSession, claim: Claim): ResultStore {
  return createResultStore(
    claim.plan,
    claim.plan.map(({ template }) => ({ key: template, each: null })),
    (template, before) =>
      repeatUntilAnswered(() => readResults(session.pool, claim.jobId, template, before), {
        call: "read results",
        events: session.events,
        signal: session.closing,
      }),
  );
}

function codeOf(
  claim: Claim,
  task: PlannedTask,
  handler: OrchestratedHandler | undefined,
  results: ResultStore,
): TaskCode {
  if (typeof handler !== "function") {
    throw new RatchetError("RT117", `There is no handler for the task "${task.name}".`);
  }
  return {
    handler,
    timeoutMs: null,
    transaction: false,
    payload: claim.payload,
    input: undefined,
    results: () => results.before(task),
  };
}

function notNext(task: Pick<TaskRow, "jobId" | "position">, next: number): RatchetError {
  return new RatchetError(
    "RT123",
    `Task ${task.position} of job ${task.jobId} is not the next one to run: task ${next} is.`,
  );
}

function refusalOf(jobId: string, outcome: string, holder: number | null): RatchetError {
  if (outcome === "missing") {
    return new RatchetError("RT013", `There is no job ${jobId}.`);
  }
  if (outcome === "contradictory") {
    return new RatchetError("RT004", `Job ${jobId} has no task that could run.`, {
      hint: "Make its plan with createTasks.",
    });
  }
  if (outcome === "buried") {
    throw new RatchetError("RT121", `Job ${jobId} was not begun: this process was taken for dead a moment ago.`);
  }
  const by = holder === null ? "somebody else" : `worker ${holder}`;
  return new RatchetError("RT113", `Job ${jobId} is being run by ${by}.`);
}
