import type { Claim, PlannedTask } from "../database/calls/claims.ts";
import type { CompletedEnd, Failure, RunningMark } from "../database/calls/checkpoints.ts";
import { type RatchetError, isRatchetError } from "../errors/ratchetError.ts";
import { type Attempt, LetGo, lostClaim, taskFields } from "./attempt.ts";
import type { EngineSession } from "./session.ts";
import { describeOwn, describeThrown, recognizable } from "./failure.ts";
import { type AnyTaskContext, HandlerContext } from "./handlerContext.ts";
import { runHandler } from "./handlerRun.ts";
import { demandTime, timeLimit, withinTime } from "./timeLimit.ts";
import { resultText } from "./resultText.ts";
import { TRANSACTION_TIMEOUT_MS, runInTransaction } from "./transactionTask.ts";
import type { WrittenCheckpoint } from "./checkpointItem.ts";

/** What a task's handler needs to run, found for one task. */
export interface TaskCode {
  readonly handler: (context: AnyTaskContext) => unknown;
  /** `null`: no limit. */
  readonly timeoutMs: number | null;
  readonly transaction: boolean;
  readonly payload: unknown;
  readonly input: unknown;
  readonly results: () => Record<string, Promise<unknown>>;
}

/** How one try of a task ended. */
export interface TaskResult {
  readonly success: boolean;
  /** What later tasks get: the return value as JSON gave it back; `null` for nothing. */
  readonly result: unknown;
  /** `null` after a success. */
  readonly errorMessage: string | null;
  readonly durationMs: number;
  /** When the job is tried again; `null` after a success and when it has failed for good. */
  readonly retryInMs: number | null;
}

/** A {@link TaskResult} as the engine goes on with it. */
export interface TaskRunEnd extends Omit<TaskResult, "result"> {
  /** JSON, as it is stored; `null` for nothing. */
  readonly resultText: string | null;
  /** The plan was changed meanwhile. */
  readonly stop: boolean;
}

/** One try of a task, while it goes on. */
interface TaskTry {
  readonly session: EngineSession;
  readonly attempt: Attempt;
  readonly task: PlannedTask;
  /** By `performance.now()`. */
  readonly startedAt: number;
  /** What every event about it carries. */
  readonly fields: ReturnType<typeof taskFields> & { readonly attempt: number };
  /** Whether its handler was called. */
  hasBegun: boolean;
  /** Whether nothing that its handler still does is wanted. */
  isOver: boolean;
}

type Answer = Pick<WrittenCheckpoint, "outcome" | "stop" | "batch" | "replacedBy" | "retryInMs">;

/**
 * Runs one try of a task and makes its end durable.
 * @param findCode finds the handler; what it throws fails the task.
 * @throws {LetGo} if the job was lost or is to be handed back; nothing was written then.
 */
export async function runTask(
  session: EngineSession,
  attempt: Attempt,
  task: PlannedTask,
  findCode: (task: PlannedTask) => TaskCode | Promise<TaskCode>,
): Promise<TaskRunEnd> {
  const taskTry: TaskTry = {
    session,
    attempt,
    task,
    startedAt: performance.now(),
    fields: { ...taskFields(attempt, task), attempt: task.attempts + 1 },
    hasBegun: false,
    isOver: false,
  };
  session.events.emit("task.started", taskTry.fields);

  let end: CompletedEnd;
  let answer: Answer;
  try {
    demandTime(attempt, task);
    const found = findCode(task);
    const code = found instanceof Promise ? await found : found;
    if (code.transaction) {
      ({ end, answer } = await runWithTransaction(taskTry, code));
    } else {
      end = completedEnd(taskTry, await runAlone(taskTry, code));
      taskTry.isOver = true;
      answer = await session.writer.write(end);
    }
  } catch (error) {
    taskTry.isOver = true;
    const thrown = recognizable(error);
    // What fails because this process was told to let go is no failure of the task.
    if (attempt.signal.aborted) {
      throw attempt.signal.reason;
    }
    if (thrown instanceof LetGo) {
      throw thrown;
    }
    const failure = isOwnError(thrown) ? describeOwn(thrown) : describeThrown(thrown);
    // A job whose time had passed: the task was not tried.
    return writeFailure(
      taskTry,
      failure.code === "RT138" && !taskTry.hasBegun ? { ...failure, counted: false } : failure,
    );
  }
  demandFence(answer);
  return answer.replacedBy === null
    ? tellSuccess(taskTry, end, answer)
    : tellFailure(taskTry, answer.replacedBy, answer);
}

/** What the handler returns, or a promise of it. */
function runAlone(taskTry: TaskTry, code: TaskCode): unknown {
  const { session, attempt, task } = taskTry;
  if (!isMarked(taskTry)) {
    session.writer.mark(runningMark(attempt.claim, task), attempt.lose);
  }
  return runHandler(
    (getSignal) => code.handler(createContext(taskTry, code, getSignal)),
    beginWithin(taskTry, code.timeoutMs),
  );
}

async function runWithTransaction(
  taskTry: TaskTry,
  code: TaskCode,
): Promise<{ readonly end: CompletedEnd; readonly answer: Answer }> {
  const { session, attempt, task } = taskTry;
  const mark = runningMark(attempt.claim, task);
  const demandClaim = async (): Promise<void> => {
    demandFence(await session.writer.write(mark));
  };
  // Its mark is committed before its transaction writes.
  if (!isMarked(taskTry)) {
    await demandClaim();
  }
  const { end, stop } = await runInTransaction({
    task: task.name,
    transactionPool: session.transactionPool,
    takeTurn: () => withinTime(attempt, task, (signal) => session.transactionTurns.take(signal)),
    pool: session.pool,
    schemas: session.schemas,
    workerId: session.workerId,
    events: session.events,
    signal: attempt.signal,
    run: async ({ client, takeBack }) => {
      const value = await runHandler(
        async (getSignal) => {
          const context = createContext(taskTry, code, getSignal);
          const returned = await code.handler(Object.assign(context, { client }));
          // Within the time-out: what the handler did not wait for belongs to its transaction.
          await takeBack();
          return returned;
        },
        beginWithin(taskTry, code.timeoutMs ?? TRANSACTION_TIMEOUT_MS),
      );
      return completedEnd(taskTry, value);
    },
    demandClaim,
  });
  taskTry.isOver = true;
  session.writer.unmark(attempt.claim.jobId);
  session.onWritten([attempt.claim.jobId]);
  return { end, answer: { outcome: "written", stop, batch: "transaction", replacedBy: null, retryInMs: null } };
}

/** The limit of a handler that begins now. */
function beginWithin(taskTry: TaskTry, timeoutMs: number | null): Parameters<typeof runHandler>[1] {
  const { attempt, task } = taskTry;
  demandTime(attempt, task);
  taskTry.hasBegun = true;
  return { limit: timeLimit(attempt, task, timeoutMs), signal: attempt.signal };
}

function completedEnd({ session, attempt, task, startedAt }: TaskTry, value: unknown): CompletedEnd {
  const { jobId, fence } = attempt.claim;
  const result = resultText(value, task.key, session.largestResultBytes);
  return {
    kind: "completed",
    jobId,
    position: task.position,
    fence,
    elapsedMs: performance.now() - startedAt,
    result,
  };
}

function tellSuccess({ session, fields, startedAt }: TaskTry, { result }: CompletedEnd, answer: Answer): TaskRunEnd {
  const durationMs = performance.now() - startedAt;
  session.events.emit("task.completed", { ...fields, durationMs, batch: answer.batch });
  return {
    success: true,
    resultText: result,
    errorMessage: null,
    durationMs,
    retryInMs: null,
    stop: answer.stop,
  };
}

async function writeFailure(taskTry: TaskTry, failure: Failure): Promise<TaskRunEnd> {
  const { session, attempt, task, startedAt } = taskTry;
  const { jobId, fence } = attempt.claim;
  const elapsedMs = performance.now() - startedAt;
  const answer = await session.writer.write({
    kind: "failed",
    jobId,
    position: task.position,
    fence,
    elapsedMs,
    failure,
  });
  demandFence(answer);
  return tellFailure(taskTry, answer.replacedBy ?? failure, answer);
}

function tellFailure({ session, fields, startedAt }: TaskTry, failure: Failure, answer: Answer): TaskRunEnd {
  const durationMs = performance.now() - startedAt;
  session.events.emit("task.failed", {
    ...fields,
    durationMs,
    batch: answer.batch,
    retryInMs: answer.retryInMs,
    errorName: failure.name,
    errorMessage: failure.message,
    errorCode: failure.code,
    errorStack: failure.stack,
  });
  return {
    success: false,
    resultText: null,
    errorMessage: failure.message,
    durationMs,
    retryInMs: answer.retryInMs,
    stop: answer.stop,
  };
}

/** Errors the engine itself raises about a task; a handler's own call to Ratchet may throw others. */
function isOwnError(error: unknown): error is RatchetError {
  return isRatchetError(error) && /^RT11[4-9]|^RT12[02]|^RT138|^RT14[1-3]|^RT152/v.test(error.code);
}

function demandFence({ outcome }: Pick<WrittenCheckpoint, "outcome">): void {
  if (outcome === "refused") {
    throw lostClaim();
  }
}

/** The claim itself marks the first task of a job that was claimed before. */
function isMarked({ task }: TaskTry): boolean {
  return task.status === "RUNNING";
}

function runningMark({ jobId, fence }: Claim, { position }: PlannedTask): RunningMark {
  return { kind: "running", jobId, position, fence, elapsedMs: 0, progress: null };
}

function createContext(
  taskTry: TaskTry,
  { payload, input, results }: TaskCode,
  getSignal: () => AbortSignal,
): HandlerContext {
  const { session, task, fields } = taskTry;
  const { claim, lose } = taskTry.attempt;
  const { attempt } = fields;
  return new HandlerContext({
    claim,
    task: { position: task.position, key: task.key, name: task.name, attempt },
    payload,
    input,
    results,
    signal: getSignal,
    log: () => session.log.child({ jobId: claim.jobId, task: task.key, attempt }),
    progress(fraction) {
      // A handler that was cut off, or left something running, must not write over the next task's mark.
      if (!taskTry.isOver) {
        const elapsedMs = performance.now() - taskTry.startedAt;
        const progress = Math.min(Math.max(fraction, 0), 1) || 0;
        session.writer.mark({ ...runningMark(claim, task), elapsedMs, progress }, lose);
      }
    },
  });
}
