import type { Logger } from "pino";

import { describeThrown } from "../engine/failure.ts";

/**
 * Lets a worker's process live on when a handler has left a promise behind that is rejected; Node would end it, and with it
 * every job beside. An exception that nobody catches does end it: nobody knows then what was left half done.
 * @returns what takes it back.
 */
export function surviveStrayRejections(log: Logger): () => void {
  const tell = (reason: unknown): void => {
    const { name: errorName, message: errorMessage, code: errorCode, stack: errorStack } = describeThrown(reason);
    log.error(
      { errorName, errorMessage, errorCode, errorStack },
      "a promise was rejected and nobody handled it: some handler does not await what it starts",
    );
  };
  process.on("unhandledRejection", tell);
  return () => {
    process.off("unhandledRejection", tell);
  };
}
