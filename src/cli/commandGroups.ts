import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import { createAddCommand } from "./add.ts";
import type { CliContext } from "./context.ts";
import { createDefinitionsCommand } from "./definitions.ts";
import { createDoctorCommand } from "./doctor.ts";
import { createExplainCommand } from "./explain.ts";
import { createJobsCommand } from "./jobs.ts";
import { createMigrateCommand } from "./migrate.ts";
import { createPruneCommand } from "./prune.ts";
import { orderCommands } from "./orderCommands.ts";
import { createServeCommand } from "./serve.ts";
import { createShowCommand } from "./show.ts";
import { createSqlCommand } from "./sql.ts";
import { createUpCommand } from "./up.ts";
import { createWatchCommand } from "./watch.ts";
import { createWorkerCommand } from "./worker.ts";
import { createWorkersCommand } from "./workers.ts";

/** Commands that `--help` lists under one heading. */
export interface CommandGroup {
  readonly heading: string;
  readonly commands: readonly CommandUnknownOpts[];
}

/** All commands of `ratchet`, as `--help` lists them; a new one goes into COMMAND_NAMES too. */
export function commandGroups(context: CliContext): readonly CommandGroup[] {
  return [
    {
      heading: "Run",
      commands: [
        createUpCommand(context),
        createMigrateCommand(context),
        createWorkerCommand(context),
        createServeCommand(context),
      ],
    },
    {
      heading: "Jobs",
      commands: [
        createAddCommand(context),
        createJobsCommand(context),
        createShowCommand(context),
        createWatchCommand(context),
        createExplainCommand(context),
        ...orderCommands(context),
      ],
    },
    {
      heading: "Operate",
      commands: [
        createDefinitionsCommand(context),
        createWorkersCommand(context),
        createPruneCommand(context),
        createSqlCommand(context),
        createDoctorCommand(context),
      ],
    },
  ];
}
