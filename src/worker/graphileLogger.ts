import { Logger as GraphileLogger } from "graphile-worker";
import type { Logger } from "pino";
import { kindOfTrouble, troubleOf } from "../database/transientErrors.ts";
import { LetGo } from "../engine/attempt.ts";

const LEVELS = { error: "error", warning: "warn", info: "info", debug: "debug" } as const;

/**
 * graphile-worker's lines through our root logger. What it says of each wake-up is debug: our own events tell of jobs and
 * tasks, and it calls "task" what we call a definition. Its metadata is left out, because it holds payloads.
 */
export function createGraphileLogger(log: Logger): GraphileLogger {
  return new GraphileLogger((scope) => {
    // It makes a logger for each wake-up, and most of them say nothing that is written.
    let child: Logger | undefined;
    return (level, message, meta) => {
      if ((level === "debug" || meta?.["success"] === true) && !log.isLevelEnabled("debug")) {
        return;
      }
      const error: unknown = meta?.["error"] ?? meta?.["fatalError"];
      const method = isRemark(level, message, meta, error) ? "debug" : (LEVELS[level as keyof typeof LEVELS] ?? "info");
      child ??= log.child({ source: "graphile-worker", ...(scope.label !== undefined && { part: scope.label }) });
      child[method](error instanceof Error ? { errorMessage: error.message } : {}, message);
    };
  });
}

/** Whether a line is only for who looks for a fault in Ratchet. */
function isRemark(
  level: string,
  message: string,
  meta: Readonly<Record<string, unknown>> | undefined,
  error: unknown,
): boolean {
  // The engine tells of that, once; graphile-worker has a line for each connection. A failed task may have its own.
  const isAboutConnection = meta?.["failure"] !== true && isConnectionTrouble(error);
  const isAboutWakeUp = meta?.["success"] === true || error instanceof LetGo;
  // Its warning that the pool has fewer connections than jobs run at once is for those that need one each.
  const isAboutPoolSize = meta?.["max"] !== undefined && meta["concurrency"] !== undefined;
  // Most projects have no crontab, and then all is well.
  const isAboutNoCrontab = level === "info" && message.startsWith("Failed to read crontab file");
  // It begins one whenever Postgres was away, and is started again.
  const isAboutShutdown =
    /^(?:Worker exited, but pool is|gracefulShutdown called when|Runner stopping \(reason)/v.test(message) ||
    // Our own doing, when its handlers are done and Postgres does not let it end.
    message.includes("forcefulShutdown was initiated");
  return isAboutWakeUp || isAboutPoolSize || isAboutNoCrontab || isAboutConnection || isAboutShutdown;
}

function isConnectionTrouble(error: unknown): boolean {
  if (error instanceof AggregateError) {
    return error.errors.every(isConnectionTrouble);
  }
  return error instanceof Error && troubleOf(error) === "passing" && kindOfTrouble(error) !== "other";
}
