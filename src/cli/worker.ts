import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { createLogger } from "../telemetry/logger.ts";
import { startWorker } from "../worker/startWorker.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { aborted, untilInterrupted } from "./interruption.ts";

/** `ratchet worker`: runs jobs until the process is asked to end; the log goes to standard output. */
export function createWorkerCommand(context: CliContext): CommandUnknownOpts {
  return new Command("worker")
    .summary("run jobs until Ctrl-C")
    .description(
      "Runs jobs until Ctrl-C or SIGTERM, then hands unfinished ones back. Logs JSON lines to standard output. The database must be migrated (ratchet migrate).",
    )
    .action(async () => {
      const config = context.config();
      const log = createLogger({ level: config.logLevel });
      await untilInterrupted((signal) =>
        withDatabase({ config, purpose: "worker", log }, async ({ url }) => {
          const worker = await startWorker({
            connectionString: url,
            taskDirectory: config.taskFolder,
            concurrency: config.concurrency,
            shutdownGraceMs: config.shutdownGraceMs,
            log,
          });
          await aborted(signal);
          await worker.stop();
        }),
      );
    });
}
