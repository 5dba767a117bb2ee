import { type Logger, pino } from "pino";

/** A line that a handler logged. */
export interface HandlerLogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  /** The task's key. */
  readonly task: string;
  /** Number of the try, from 1. */
  readonly attempt: number;
  /** What else the handler gave. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Creates the parent of the handlers' logs; each line is given to `onLine` with the job's id. */
export function createHandlerLog(onLine: (jobId: string, line: HandlerLogLine) => void): Logger {
  return pino(
    { level: "debug", base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    {
      write(text) {
        const { jobId, level, msg, task, attempt, ...fields } = JSON.parse(text) as Record<string, unknown>;
        // The engine's own lines are of no task.
        if (typeof jobId === "string" && typeof task === "string") {
          const message = typeof msg === "string" ? msg : "";
          onLine(jobId, { level: level as HandlerLogLine["level"], message, task, attempt: Number(attempt), fields });
        }
      },
    },
  );
}
