import { type DestinationStream, pino } from "pino";

import { RatchetError } from "../errors/ratchetError.ts";

/**
 * Opens a log file to add to. Each line is written before the call that logs it returns, so that none is missing after a
 * kill.
 *
 * @throws RatchetError RT105 if the file cannot be written.
 */
export function openLogFile(path: string): DestinationStream {
  try {
    return pino.destination({ dest: path, append: true, sync: true });
  } catch (error) {
    throw new RatchetError("RT105", `The log file ${path} cannot be written: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
