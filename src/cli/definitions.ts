import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { type DefinitionOverview, listDefinitions } from "../database/calls/definitionList.ts";
import { checkMigrated } from "../database/migrationState.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { formatList } from "./output/list.ts";
import { countOf, oneLine } from "./output/text.ts";
import { formatDelay } from "./output/time.ts";
import { unknownIdentifier } from "./unknownIdentifier.ts";

/** `ratchet definitions [IDENTIFIER]`: what can be queued. */
export function createDefinitionsCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("definitions")
    .summary("list what can be queued")
    .description(
      "Lists the registered definitions; with an identifier, shows its tasks and the schema of its payload. Versions that are no longer current are listed while jobs of theirs are unfinished.",
    )
    .argument("[identifier]", "only this definition, in detail")
    .option("--all-versions", "older versions too, without unfinished jobs")
    .option("--failing", "only those with jobs that failed for good within the last hour, or that are tried again")
    .option("--json", "print JSON")
    .action(async (identifier, { allVersions, failing, json = false }) => {
      const config = await context.config();
      await withDatabase({ config, purpose: "definitions", remark: context.remark }, async ({ pool }) => {
        await checkMigrated(pool);
        const definitions = await listDefinitions(pool, { identifier, allVersions, isFailing: failing });
        if (identifier !== undefined && definitions.length === 0 && failing !== true) {
          throw await unknownIdentifier(pool, identifier, config.taskFolder);
        }
        if (json) {
          context.print(JSON.stringify(definitions, null, 2));
        } else if (failing === true && definitions.length === 0) {
          context.print(
            "Nothing is failing: no job failed for good within the last hour, and none waits to be tried again.",
          );
        } else if (identifier === undefined) {
          context.print(...formatDefinitions(context, definitions));
        } else {
          context.print(...definitions.flatMap((each) => formatDefinition(context, each)));
        }
      });
    });
  return withExamples(command, context, [
    ["what can be queued, and who can run it", "ratchet definitions"],
    ["what needs attention", "ratchet definitions --failing"],
    ["the tasks of one, and what its payload must look like", "ratchet definitions publish_listing"],
  ]);
}

function formatDefinitions(context: CliContext, definitions: readonly DefinitionOverview[]): string[] {
  if (definitions.length === 0) {
    return [`No definition is registered. Put one into the task folder, then run: ${context.command} migrate`];
  }
  const rows = definitions.map((each) => [
    each.identifier,
    each.isCurrent ? each.version : `${each.version} (old)`,
    each.templates.map(({ key, each: source }) => (source === null ? key : `${key}[]`)).join(", "),
    String(each.maxAttempts),
    String(each.unfinishedJobs),
    each.willRetryJobs === 0 ? "" : String(each.willRetryJobs),
    each.failedJobs === 0 ? "" : String(each.failedJobs),
    String(each.liveWorkers),
  ]);
  return formatList(
    context.stdout,
    [
      { title: "identifier", cut: true },
      { title: "version" },
      { title: "tasks", cut: true },
      { title: "tries", align: "right" },
      { title: "jobs", align: "right" },
      { title: "retrying", align: "right", optional: true },
      { title: "failed/h", align: "right", optional: true },
      { title: "workers", align: "right" },
    ],
    rows,
  );
}

function formatDefinition(context: CliContext, definition: DefinitionOverview): string[] {
  const { identifier, version, isCurrent, templates, maxAttempts, retryDelayMs, timeoutMs, payloadSchema } = definition;
  return [
    `${oneLine(identifier)}, version ${version}${isCurrent ? "" : " (not the one that new jobs get)"}`,
    `${countOf(definition.unfinishedJobs, "unfinished job")}, ${countOf(definition.liveWorkers, "live worker")}; ` +
      `${maxAttempts === 1 ? "1 try" : `${maxAttempts} tries`} per task, ${formatDelay(retryDelayMs)} between them` +
      `${timeoutMs === null ? "" : `; a job may take ${formatDelay(timeoutMs)}`}.`,
    "",
    ...formatList(
      context.stdout,
      [{ title: "key" }, { title: "title", cut: true }, { title: "one task per element of", cut: true }],
      templates.map(({ key, title, each }) => [key, title, each ?? ""]),
    ),
    "",
    ...(payloadSchema === null
      ? ["Its validator gives no schema of the payload; the worker checks it."]
      : ["Payload:", ...JSON.stringify(payloadSchema, null, 2).split("\n")]),
  ];
}
