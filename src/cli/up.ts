import { join } from "node:path";

import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { migrate } from "../database/migrator.ts";
import { createLogger } from "../telemetry/logger.ts";
import { wholeNumber } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { prepareDataFolder } from "./dataFolder.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { aborted, untilInterrupted } from "./interruption.ts";
import { openLogFile } from "./logFile.ts";
import { startStoppableWorker, stopLimitMs, tellLongStop } from "./stopping.ts";
import { registerTaskFolder } from "./registerTaskFolder.ts";
import { addSampleJob, demandSample, startSampleMarketplace } from "./sample.ts";
import { watchUntilFinal } from "./watchUntilFinal.ts";
import { type UpRun, refuseLoneOptions, remarkOnOtherPort } from "./upOptions.ts";
import { type UpServer, startUpServer } from "./upServer.ts";
import { whereToLook } from "./whereToLook.ts";

/** `ratchet up`: everything in one process, from the database to worker and server. */
export function createUpCommand(context: CliContext): CommandUnknownOpts {
  const port = wholeNumber(1, 65_535);
  const command = new Command("up")
    .summary("database, migrations, worker and server in one go")
    .description(
      "Starts an embedded Postgres unless DATABASE_URL is set, migrates, registers the definitions of the task folder, runs jobs and serves GraphQL until Ctrl-C.",
    )
    .option("--sample", "start the sample's marketplace, queue the sample job and show it live")
    .option("--exit", "with --sample: end after the job; exit status 0 only if it is COMPLETED")
    .option(
      "--port <n>",
      "port of the server, 0 for a free one; default: RATCHET_PORT, else 5678 or a free one",
      wholeNumber(0, 65_535),
    )
    .option("--host <address>", "address of this machine the server listens on; default: RATCHET_HOST, else 127.0.0.1")
    .option("--postgres-port <n>", "port of the embedded Postgres; default: a free one", port)
    .option("--marketplace-port <n>", "with --sample: port of the marketplace; default: a free one", port)
    .action(async (options) => {
      refuseLoneOptions(options);
      if (options.sample === true) {
        demandSample();
      }
      const config = await context.config();
      await prepareDataFolder(config.dataFolder);
      const logFile = join(config.dataFolder, "ratchet.log");
      const log = createLogger({ level: config.logLevel, destination: openLogFile(logFile) });
      const work = async (signal: AbortSignal): Promise<void> => {
        const { postgresPort } = options;
        const dataFolder = await withDatabase({ config, purpose: "up", port: postgresPort, log }, async (database) => {
          remarkOnOtherPort(context, database, postgresPort);
          await migrate(database.pool, { log, signal });
          const identifiers = await registerTaskFolder(database.pool, config.taskFolder, { makeCurrent: false, log });
          const where = database.embeddedIn === null ? "Postgres of DATABASE_URL" : "Embedded Postgres";
          context.print(`${where} is ready and migrated. Definitions: ${identifiers.join(", ")}.`, "");
          await runUp(context, { config, options, database, signal, log, logFile });
          return database.embeddedIn;
        });
        if (signal.aborted) {
          context.print(`Stopped. Data stays in ${dataFolder ?? "the database of DATABASE_URL"}.`);
        }
      };
      await untilInterrupted(work, { endsWithinMs: stopLimitMs(config) });
    });
  return withExamples(command, context, [
    ["everything there is, with the sample job live", "ratchet up --sample"],
    ["on a Postgres of your own", "DATABASE_URL=postgres://user:password@localhost:5432/shop ratchet up"],
  ]);
}

async function runUp(context: CliContext, run: UpRun): Promise<void> {
  const { config, options, database, log } = run;
  const { host, port } = options;
  // Whoever waits for the end of the sample has nobody to ask it anything.
  const server = options.exit === true ? null : await startUpServer({ config, database, host, port, log });
  try {
    await runWorker(context, run, server);
  } finally {
    await server?.close();
  }
}

async function runWorker(context: CliContext, run: UpRun, server: UpServer | null): Promise<void> {
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
    const worker = await startStoppableWorker({ config, connectionString: database.url, log, signal });
    const endTelling = tellLongStop(signal, config, (sentence) => {
      context.print(sentence);
    });
    try {
      await watching;
      if (watching === null || options.exit !== true) {
        // Serving is the work now; how the sample ended is on the screen.
        context.exitWith(EXIT_CODES.ok.code);
        await Promise.race([server?.ready, aborted(signal)]);
        if (!signal.aborted) {
          context.print(
            ...whereToLook({
              command: context.command,
              concurrency: config.concurrency,
              database,
              logFile: run.logFile,
              serverUrl: server?.url ?? null,
              isOpen: config.tokens === null,
              marketplaceUrl: marketplace?.url ?? null,
            }),
          );
        }
        await aborted(signal);
      }
    } finally {
      // Requests have the same grace as handlers, at the same time.
      await Promise.all([worker?.stop(), server?.close()]);
      endTelling();
    }
  } finally {
    await marketplace?.close();
  }
}
