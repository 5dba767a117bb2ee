import { join } from "node:path";

import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import type { Config } from "../config/config.ts";
import { migrate } from "../database/migrator.ts";
import { createLogger } from "../telemetry/logger.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { startWorker } from "../worker/startWorker.ts";
import { wholeNumber } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { prepareDataFolder } from "./dataFolder.ts";
import { type CommandDatabase, withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { aborted, untilInterrupted } from "./interruption.ts";
import { openLogFile } from "./logFile.ts";
import { registerTaskFolder } from "./registerTaskFolder.ts";
import { addSampleJob, startSampleMarketplace } from "./sample.ts";
import { watchUntilFinal } from "./watchUntilFinal.ts";
import { whereToLook } from "./whereToLook.ts";

interface UpOptions {
  readonly sample?: true | undefined;
  readonly exit?: true | undefined;
  readonly port?: number | undefined;
  readonly marketplacePort?: number | undefined;
}

/** `ratchet up`: everything in one process, from the database to the worker. */
export function createUpCommand(context: CliContext): CommandUnknownOpts {
  const port = wholeNumber(1, 65_535);
  const command = new Command("up")
    .summary("database, migrations and worker in one go")
    .description(
      "Starts an embedded Postgres unless DATABASE_URL is set, migrates, registers the definitions of the task folder and runs jobs until Ctrl-C.",
    )
    .option("--sample", "start the sample's marketplace, queue the sample job and show it live")
    .option("--exit", "with --sample: end after the job; exit status 0 only if it is COMPLETED")
    .option("--port <n>", "port of the embedded Postgres; default: a free one", port)
    .option("--marketplace-port <n>", "with --sample: port of the marketplace; default: a free one", port)
    .action(async (options) => {
      refuseLoneOptions(options);
      const config = await context.config();
      await prepareDataFolder(config.dataFolder);
      const logFile = join(config.dataFolder, "ratchet.log");
      const log = createLogger({ level: config.logLevel, destination: openLogFile(logFile) });
      await untilInterrupted(async (signal) => {
        const dataFolder = await withDatabase({ config, purpose: "up", port: options.port, log }, async (database) => {
          remarkOnOtherPort(context, database, options.port);
          await migrate(database.pool, { log });
          const identifiers = await registerTaskFolder(database.pool, config.taskFolder, { makeCurrent: false, log });
          const where = database.embeddedIn === null ? "Postgres of DATABASE_URL" : "Embedded Postgres";
          context.print(`${where} is ready and migrated. Definitions: ${identifiers.join(", ")}.`, "");
          await runUp(context, { config, options, database, signal, log, logFile });
          return database.embeddedIn;
        });
        if (signal.aborted) {
          context.print(`Stopped. Data stays in ${dataFolder ?? "the database of DATABASE_URL"}.`);
        }
      });
    });
  return withExamples(command, context, [
    ["everything there is, with the sample job live", "ratchet up --sample"],
    ["on a Postgres of your own", "DATABASE_URL=postgres://user:password@localhost:5432/shop ratchet up"],
  ]);
}

function refuseLoneOptions({ sample, exit, marketplacePort }: UpOptions): void {
  if (sample !== true && (exit === true || marketplacePort !== undefined)) {
    throw new RatchetError("RT110", `${exit === true ? "--exit" : "--marketplace-port"} goes with --sample only.`, {
      hint: "Add --sample, or leave the option out.",
    });
  }
}

/** A port counts for a Postgres that we start, not for one that another process of this folder has started. */
function remarkOnOtherPort(context: CliContext, { embeddedIn, url }: CommandDatabase, port: number | undefined): void {
  if (port === undefined) {
    return;
  }
  if (embeddedIn === null) {
    context.remark("--port does not count: DATABASE_URL is set, so no embedded Postgres is started.");
  } else if (new URL(url).port !== String(port)) {
    context.remark(
      `--port ${port} does not count: the Postgres of this folder runs already, on port ${new URL(url).port}, and is shared.`,
    );
  }
}

interface UpRun {
  readonly config: Config;
  readonly options: UpOptions;
  readonly database: CommandDatabase;
  readonly signal: AbortSignal;
  readonly log: ReturnType<typeof createLogger>;
  readonly logFile: string;
}

async function runUp(context: CliContext, run: UpRun): Promise<void> {
  const { config, options, database, signal, log } = run;
  const marketplace =
    options.sample === true
      ? await startSampleMarketplace(join(config.dataFolder, "marketplace"), options.marketplacePort)
      : null;
  try {
    // Before the worker, so that the first picture shows the job as it was left.
    const job = marketplace === null ? null : await addSampleJob(database.pool);
    const started = new AbortController();
    const watching =
      job === null
        ? null
        : watchUntilFinal(context, database, job, {
            signal,
            resuming: job.startedAt !== null,
            onFirst: () => {
              started.abort();
            },
            bringsWorker: true,
          });
    await (watching === null ? undefined : Promise.race([aborted(started.signal), watching]));
    const worker = await startWorker({
      connectionString: database.url,
      taskDirectory: config.taskFolder,
      concurrency: config.concurrency,
      shutdownGraceMs: config.shutdownGraceMs,
      log,
    });
    try {
      await watching;
      if (watching === null || options.exit !== true) {
        // Serving is the work now; how the sample ended is on the screen.
        context.exitWith(EXIT_CODES.ok.code);
        if (!signal.aborted) {
          context.print(
            ...whereToLook({
              command: context.command,
              concurrency: config.concurrency,
              database,
              logFile: run.logFile,
              marketplaceUrl: marketplace?.url ?? null,
            }),
          );
        }
        await aborted(signal);
      }
    } finally {
      await worker.stop();
    }
  } finally {
    await marketplace?.close();
  }
}
