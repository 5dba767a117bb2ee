import { spawn } from "node:child_process";

import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import type { Config } from "../config/config.ts";
import { createLogger } from "../telemetry/logger.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { aborted, untilInterrupted } from "./interruption.ts";
import { startStoppableWorker, stopLimitMs } from "./stopping.ts";
import { reportImports } from "./watching/importReports.ts";
import { restartOnChange } from "./watching/restartOnChange.ts";

/** `ratchet worker`: runs jobs until the process is asked to end; the log goes to standard output. */
export function createWorkerCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("worker")
    .summary("run jobs until Ctrl-C")
    .description(
      "Runs jobs until Ctrl-C or SIGTERM, then hands unfinished ones back. Logs JSON lines to standard output. The database must be migrated (ratchet migrate).",
    )
    .option("--watch", "restart when a file of the task folder, or one that it imports, changes")
    .addOption(new Option("--watched", "tell the parent process which files are imported").hideHelp())
    .action(async ({ watch = false, watched = false }) => {
      const parentGone = watched ? reportToParent() : null;
      const config = await context.config();
      await untilInterrupted(
        async (interrupted) => {
          const signal = parentGone === null ? interrupted : AbortSignal.any([interrupted, parentGone]);
          await (watch ? runWatched(context, config, signal) : run(config, signal));
        },
        { endsWithinMs: stopLimitMs(config) },
      );
    });
  return withExamples(command, context, [
    ["in production, as often as you like", "ratchet worker"],
    ["while you write definitions", "ratchet worker --watch"],
  ]);
}

async function run(config: Config, signal: AbortSignal): Promise<void> {
  const log = createLogger({ level: config.logLevel });
  await withDatabase({ config, purpose: "worker", log }, async ({ url }) => {
    const worker = await startStoppableWorker({ config, connectionString: url, log, signal });
    await aborted(signal);
    await worker?.stop();
  });
}

/** The worker runs in a process of its own: what a module was loaded as cannot be taken back. */
async function runWatched(context: CliContext, config: Config, signal: AbortSignal): Promise<void> {
  const watch = (): Promise<void> =>
    restartOnChange({
      folder: config.taskFolder,
      signal,
      tell: (sentence) => {
        context.remark(context.errorPaint("faint", sentence));
      },
      start: () =>
        spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", "worker", "--watched"], {
          stdio: ["ignore", "inherit", "inherit", "ipc"],
        }),
    });
  // An embedded Postgres stays up between two workers as long as somebody uses it.
  await (config.databaseUrl === null ? withDatabase({ config, purpose: "worker" }, watch) : watch());
}

/** Sends the parent the paths of what is imported; the signal is aborted when the parent is gone. */
function reportToParent(): AbortSignal {
  const gone = new AbortController();
  process.on("disconnect", () => {
    gone.abort();
  });
  // The listener would keep a worker alive that has nothing left to do.
  process.channel?.unref();
  reportImports((file) => {
    if (process.connected) {
      process.send?.(file);
    }
  });
  return gone.signal;
}
