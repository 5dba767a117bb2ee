import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type pg from "pg";

import { type JobFilter, listJobs } from "../database/calls/jobList.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { collect, collectStatuses, jobId, timeOrAge, wholeNumber } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { untilInterrupted } from "./interruption.ts";
import { barCellsFor, formatJobs } from "./jobsTable.ts";
import { USUAL_WIDTH } from "./output/list.ts";
import { refuseUnknown } from "./unknownIdentifier.ts";
import { watchList } from "./watchList.ts";

const DEFAULT_LIMIT = 20;
const HIGHEST_LIMIT = 10_000;

/** `ratchet jobs`: the list of jobs, newest first. */
export function createJobsCommand(context: CliContext): CommandUnknownOpts {
  const command = new Command("jobs")
    .summary("list jobs")
    .description(
      "Lists jobs, newest first, each with the task it is at, or with the error if that failed, and when it goes on by itself.",
    )
    .option(
      "--status <status>",
      "PENDING, RUNNING, WAITING, COMPLETED, FAILED or CANCELLED; several with commas",
      collectStatuses,
    )
    .option("--identifier <name>", "of this definition; can be given several times", collect)
    .option("--tenant <name>", "of this tenant")
    .option("--job-key <key>", "with this key")
    .option("--search <text>", "with this text in identifier, key, reason, payload or error")
    .addOption(new Option("--unfinished", "only those to which something will still happen").conflicts("final"))
    .option("--final", "only those to which nothing happens any more by itself")
    .option(
      "--since <time>",
      'created at this time (2026-11-24T09:00) or later, or so long ago at most ("2 h")',
      timeOrAge,
    )
    .option("--until <time>", "created before this time, or longer ago", timeOrAge)
    .option("--limit <n>", `so many at most; default ${DEFAULT_LIMIT}`, wholeNumber(1, HIGHEST_LIMIT))
    .option("--before <id>", "the page after the one that ended with this job", jobId)
    .addOption(new Option("--ids", "print ids only, one a line").conflicts("json"))
    .addOption(
      new Option(
        "--watch",
        "keep the list live until Ctrl-C (exit status 130); in a pipe a line for each change of a job's state",
      ).conflicts(["ids", "before"]),
    )
    .option("--json", "print JSON; with --watch a line for each change")
    .action(async ({ limit = DEFAULT_LIMIT, ids = false, json = false, watch = false, ...options }) => {
      const config = await context.config();
      const filter: JobFilter = {
        status: options.status,
        identifier: options.identifier,
        tenant: options.tenant,
        jobKey: options.jobKey,
        search: options.search,
        isFinal: options.final ?? (options.unfinished === true ? false : undefined),
        createdAfter: options.since,
        createdBefore: options.until,
        beforeId: options.before,
        limit,
      };
      const list = async (pool: pg.Pool): Promise<void> => {
        const found = await listJobs(pool, { ...filter, limit: limit + 1 });
        const page = found.slice(0, limit);
        if (json) {
          context.print(JSON.stringify(page, null, 2));
        } else if (ids) {
          context.print(...page.map(({ id }) => id));
        } else if (page.length === 0) {
          context.print(sayNone(context, filter));
        } else {
          const columns = context.stdout.columns ?? USUAL_WIDTH;
          context.print(...formatJobs(context, page, { columns, barCells: barCellsFor(columns) }));
        }
        if (found.length > limit && !json) {
          context.remark(`There are more: add --before ${page.at(-1)?.id ?? ""} for the next ${limit}.`);
        }
      };
      await untilInterrupted((signal) =>
        withDatabase({ config, purpose: "jobs", remark: context.remark }, async (database) => {
          const { pool } = database;
          await checkMigrated(pool);
          if (options.identifier !== undefined && (await listJobs(pool, { ...filter, limit: 1 })).length === 0) {
            await refuseUnknown(pool, options.identifier, config.taskFolder);
          }
          await (watch ? watchList(context, database, filter, { signal, json }) : list(pool));
        }),
      );
    });
  return withExamples(command, context, [
    ["the latest ones", "ratchet jobs"],
    ["what failed for good since yesterday", "ratchet jobs --status FAILED --final --since '24 h'"],
    ["what is on its way for one tenant", "ratchet jobs --unfinished --tenant acme"],
    ["live, while something runs", "ratchet jobs --unfinished --watch"],
    ["for a program", "ratchet jobs --identifier publish_listing --limit 100 --json"],
  ]);
}

function sayNone({ command }: CliContext, filter: JobFilter): string {
  return Object.entries(filter).every(([name, value]) => name === "limit" || value === undefined)
    ? `No jobs yet. Queue one with: ${command} add IDENTIFIER --payload '{…}'`
    : "No such job.";
}
