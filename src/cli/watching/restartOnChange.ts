import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { relative } from "node:path";

import { watchFiles } from "./watchedFiles.ts";

/** What {@link restartOnChange} takes. */
export interface RestartOptions {
  /** All of its files are watched. */
  readonly folder: string;
  /** Starts the process, which sends the paths of further files to watch. */
  readonly start: () => ChildProcess;
  /** Told what happens, as a sentence. */
  readonly tell: (sentence: string) => void;
  /** Ends the process and the watching. */
  readonly signal: AbortSignal;
}

/**
 * Keeps a process running and starts it anew whenever a watched file changes, after the old one has come to its end by
 * SIGTERM. A process that ends by itself is started again at the next change.
 */
export async function restartOnChange({ folder, start, tell, signal }: RestartOptions): Promise<void> {
  while (!signal.aborted) {
    const files = await watchFiles(folder);
    const child = start();
    const ended = once(child, "exit").then(([code, by]: unknown[]) => String(code ?? by));
    child.on("message", (file) => {
      if (typeof file === "string") {
        void files.add(file);
      }
    });
    const changed = files.changed(signal);
    const status = await Promise.race([ended, changed.then(() => null)]);
    if (status !== null && !signal.aborted) {
      tell(`The worker has ended with status ${status}. It starts again when a file changes; Ctrl-C ends this.`);
    }
    const file = await changed;
    if (file !== undefined) {
      tell(
        `${relative(process.cwd(), file)} has changed: the worker ${status === null ? "is restarted" : "starts again"}.`,
      );
    }
    if (status === null) {
      child.kill("SIGTERM");
    }
    await ended;
  }
}
