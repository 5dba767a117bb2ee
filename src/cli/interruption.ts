import { constants } from "node:os";

import { EXIT_CODES } from "./exitCodes.ts";

/** Names of the signals that ask a process to end. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// `npm start` forwards the terminal's Ctrl-C, so that one key press arrives twice within a few milliseconds.
const SAME_PRESS_MS = 300;

/** How {@link untilInterrupted} waits. */
export interface InterruptionOptions {
  /** How long the work may clean up after it was asked to end, in ms; then the process ends. Default: as long as it likes. */
  readonly endsWithinMs?: number | undefined;
}

/**
 * Runs `work` with a signal that is aborted when the process is asked to end (Ctrl-C, SIGTERM, a closed terminal) or when
 * the reader of our output is gone, so that `work` can clean up. Asked a second time, the process ends at once, with 128 and
 * the signal's number. What `work` throws because it was interrupted is no error.
 */
export async function untilInterrupted<Result>(
  work: (interrupted: AbortSignal) => Promise<Result>,
  { endsWithinMs }: InterruptionOptions = {},
): Promise<Result | undefined> {
  const controller = new AbortController();
  let firstAtMs: number | undefined;
  let deadline: NodeJS.Timeout | undefined;
  function interrupt(): void {
    firstAtMs = performance.now();
    controller.abort();
    if (endsWithinMs !== undefined) {
      deadline = setTimeout(endNow, endsWithinMs);
    }
  }
  function endNow(): void {
    process.stderr.write(
      `ratchet: ${Math.round((endsWithinMs ?? 0) / 1000)} s after it was asked to end, something does not answer; it ends without that.\n` +
        "  hint: Nothing is lost: another worker takes over what this one held, or the next one that starts.\n",
    );
    // oxlint-disable-next-line unicorn/no-process-exit -- What hangs would keep the process for ever.
    process.exit(EXIT_CODES.unexpected.code);
  }
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    if (firstAtMs === undefined) {
      interrupt();
    } else if (performance.now() - firstAtMs > SAME_PRESS_MS) {
      // oxlint-disable-next-line unicorn/no-process-exit -- At once is what the second signal asks for.
      process.exit(128 + constants.signals[name]);
    }
  };
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") {
      throw error;
    }
    if (firstAtMs === undefined) {
      interrupt();
    }
  };
  for (const name of SIGNALS) {
    process.on(name, onSignal);
  }
  process.stdout.on("error", onOutputError);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted && error instanceof Error && error.name === "AbortError") {
      return undefined;
    }
    throw error;
  } finally {
    clearTimeout(deadline);
    for (const name of SIGNALS) {
      process.off(name, onSignal);
    }
    process.stdout.off("error", onOutputError);
  }
}

/** Resolves when `signal` is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    } else {
      signal.addEventListener(
        "abort",
        () => {
          resolve();
        },
        { once: true },
      );
    }
  });
}
