import type { EventHub } from "../telemetry/events.ts";
import type { HandlerLogLine } from "./handlerLog.ts";
import type { TroublePlan } from "./trouble.ts";

/** One try that reached a handler, or the failure that the test put in its place. */
export interface TaskCall {
  /** The task's key. */
  readonly task: string;
  /** Number of the try, from 1; a try that did not count has the number of the next one. */
  readonly attempt: number;
  /**
   * `completed` or `failed` as it was written. `crashed`: the process died after the handler. `discarded`: the job was cancelled
   * or taken away meanwhile, or the transaction was run again.
   */
  readonly outcome: "completed" | "failed" | "crashed" | "discarded";
  /** What was thrown; `null` if nothing was. */
  readonly error: string | null;
}

/** What is remembered of one job. */
export interface JobRecord {
  readonly calls: TaskCall[];
  readonly logs: HandlerLogLine[];
  payload: unknown;
  trouble: TroublePlan | null;
}

/** Remembers by job what happened. */
export interface Recorder {
  of(jobId: string): JobRecord;
  /** Notes that a handler is called; its outcome follows. */
  begin(jobId: string, call: Pick<TaskCall, "task" | "attempt">): void;
  /** Notes the outcome of the last call. */
  end(jobId: string, outcome: Pick<TaskCall, "outcome" | "error">): void;
  /** Takes the outcomes from what the engine has written. */
  listen(events: EventHub): void;
}

/** Creates a recorder. */
export function createRecorder(): Recorder {
  const records = new Map<string, JobRecord>();

  function of(jobId: string): JobRecord {
    const known = records.get(jobId);
    if (known !== undefined) {
      return known;
    }
    const record: JobRecord = { calls: [], logs: [], payload: undefined, trouble: null };
    records.set(jobId, record);
    return record;
  }

  function end(jobId: string, outcome: Pick<TaskCall, "outcome" | "error">): void {
    const { calls } = of(jobId);
    const last = calls.pop();
    if (last !== undefined) {
      calls.push({ ...last, ...outcome });
    }
  }

  /** A try can fail before its handler is called: then the last call is not its own. */
  function endOf(jobId: string, task: string, attempt: number, outcome: Pick<TaskCall, "outcome" | "error">): void {
    const last = of(jobId).calls.at(-1);
    if (last?.outcome === "discarded" && last.task === task && last.attempt === attempt) {
      end(jobId, outcome);
    }
  }

  return {
    of,
    end,
    begin(jobId, call) {
      of(jobId).calls.push({ ...call, outcome: "discarded", error: null });
    },
    listen(events) {
      events.on("task.completed", ({ jobId, task, attempt }) => {
        endOf(jobId, task, attempt, { outcome: "completed", error: null });
      });
      events.on("task.failed", ({ jobId, task, attempt, errorMessage }) => {
        endOf(jobId, task, attempt, { outcome: "failed", error: errorMessage });
      });
    },
  };
}
