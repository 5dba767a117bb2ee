import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { listWorkers, type WorkerOverview } from "../database/calls/workers.ts";
import { checkMigrated } from "../database/migrationState.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { formatList } from "./output/list.ts";
import { formatAge } from "./output/time.ts";
import { refuseUnknown } from "./unknownIdentifier.ts";

/** `ratchet workers`: who runs jobs. */
export function createWorkersCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("workers")
    .summary("list the workers")
    .description(
      "Lists the workers that run or should run. A silent one gives no sign of life; if it is dead, another one takes its jobs over within seconds, and it is shown as dead for ten minutes.",
    )
    .option("--all", "the latest stopped ones too")
    .option("--identifier <name>", "only those that can run this definition, in its current version")
    .option("--json", "print JSON")
    .action(async ({ all: stopped = false, identifier, json = false }) => {
      const config = await context.config();
      await withDatabase({ config, purpose: "workers", remark: context.remark }, async ({ pool }) => {
        await checkMigrated(pool);
        const workers = (await listWorkers(pool, { stopped })).filter(
          ({ identifiers }) => identifier === undefined || identifiers.includes(identifier),
        );
        if (identifier !== undefined && workers.length === 0) {
          await refuseUnknown(pool, [identifier], config.taskFolder);
        }
        context.print(...(json ? [JSON.stringify(workers, null, 2)] : formatWorkers(context, workers, identifier)));
      });
    });
  return withExamples(command, context, [
    ["who is alive, and what each one can run", "ratchet workers"],
    ["who could run a definition", "ratchet workers --identifier publish_listing"],
    ["for a program", "ratchet workers --json"],
  ]);
}

function formatWorkers(context: CliContext, workers: readonly WorkerOverview[], identifier?: string): string[] {
  if (workers.length === 0) {
    const which = identifier === undefined ? "No worker runs." : `No worker that can run ${identifier} is there.`;
    return [`${which} Start one with: ${context.command} worker`];
  }
  const rows = workers.map((worker) => [
    String(worker.id),
    worker.state,
    worker.host,
    String(worker.pid),
    worker.version,
    `${worker.jobs}/${worker.concurrency}`,
    formatAge(worker.now.getTime() - worker.beatAt.getTime()),
    worker.identifiers.join(", "),
  ]);
  return formatList(
    context.stdout,
    [
      { title: "id", align: "right" },
      { title: "state" },
      { title: "host", cut: true },
      { title: "process", align: "right" },
      { title: "version" },
      { title: "jobs", align: "right" },
      { title: "beat", align: "right" },
      { title: "definitions", cut: true },
    ],
    rows,
  );
}
