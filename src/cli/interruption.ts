import { EXIT_CODES } from "./exitCodes.ts";

/** Names of the signals that ask a process to end. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// `npm start` forwards the terminal's Ctrl-C, so that one key press arrives twice within a few milliseconds.
const SAME_PRESS_MS = 300;

/**
 * Runs `work` with a signal that is aborted when the process is asked to end (Ctrl-C, SIGTERM, a closed terminal) or when
 * the reader of our output is gone, so that `work` can clean up. Asked a second time, the process ends at once.
 */
export async function untilInterrupted<Result>(work: (interrupted: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  let firstAtMs: number | undefined;
  const onSignal = (): void => {
    const nowMs = performance.now();
    if (firstAtMs === undefined) {
      firstAtMs = nowMs;
      controller.abort();
    } else if (nowMs - firstAtMs > SAME_PRESS_MS) {
      // oxlint-disable-next-line unicorn/no-process-exit -- At once is what the second signal asks for.
      process.exit(EXIT_CODES.interrupted.code);
    }
  };
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") {
      throw error;
    }
    controller.abort();
  };
  for (const name of SIGNALS) {
    process.on(name, onSignal);
  }
  process.stdout.on("error", onOutputError);
  try {
    return await work(controller.signal);
  } finally {
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
