import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";

import { type JobFilter, type JobOverview, listJobs } from "../database/calls/jobList.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { collect, collectStatuses, jobId, timeOrAge, wholeNumber } from "./argumentParsers.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { withExamples } from "./examples.ts";
import { formatList } from "./output/list.ts";
import { formatAge } from "./output/time.ts";
import { refuseUnknown } from "./unknownIdentifier.ts";

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
    .option("--search <text>", "with this text in identifier, key, payload or error")
    .addOption(new Option("--unfinished", "only those to which something will still happen").conflicts("final"))
    .option("--final", "only those to which nothing happens any more by itself")
    .option(
      "--since <time>",
      'created at this time (2026-11-24T09:00) or later, or so long ago at most ("2 h")',
      timeOrAge,
    )
    .option("--limit <n>", `so many at most; default ${DEFAULT_LIMIT}`, wholeNumber(1, HIGHEST_LIMIT))
    .option("--before <id>", "the page after the one that ended with this job", jobId)
    .addOption(new Option("--ids", "print ids only, one a line").conflicts("json"))
    .option("--json", "print JSON")
    .action(async ({ limit = DEFAULT_LIMIT, ids = false, json = false, ...options }) => {
      const config = await context.config();
      const filter: JobFilter = {
        status: options.status,
        identifier: options.identifier,
        tenant: options.tenant,
        jobKey: options.jobKey,
        search: options.search,
        isFinal: options.final ?? (options.unfinished === true ? false : undefined),
        createdAfter: options.since,
        beforeId: options.before,
        limit,
      };
      await withDatabase({ config, purpose: "jobs" }, async ({ pool }) => {
        await checkMigrated(pool);
        const found = await listJobs(pool, { ...filter, limit: limit + 1 });
        if (found.length === 0) {
          await refuseUnknown(pool, options.identifier ?? [], config.taskFolder);
        }
        const page = found.slice(0, limit);
        if (json) {
          context.print(JSON.stringify(page, null, 2));
        } else if (ids) {
          context.print(...page.map(({ id }) => id));
        } else {
          context.print(...(page.length === 0 ? [sayNone(context, filter)] : formatJobs(context, page)));
        }
        if (found.length > limit && !json) {
          context.remark(`There are more: add --before ${page.at(-1)?.id ?? ""} for the next ${limit}.`);
        }
      });
    });
  return withExamples(command, context, [
    ["the latest ones", "ratchet jobs"],
    ["what failed for good since yesterday", "ratchet jobs --status FAILED --final --since '24 h'"],
    ["what is on its way for one tenant", "ratchet jobs --unfinished --tenant acme"],
    ["for a program", "ratchet jobs --identifier publish_listing --limit 100 --json"],
  ]);
}

function sayNone({ command }: CliContext, filter: JobFilter): string {
  return Object.entries(filter).every(([name, value]) => name === "limit" || value === undefined)
    ? `No jobs yet. Queue one with: ${command} add IDENTIFIER --payload '{…}'`
    : "No such job.";
}

function formatJobs(context: CliContext, jobs: readonly JobOverview[]): string[] {
  const nowMs = Date.now();
  const rows = jobs.map((job) => [
    job.id,
    job.identifier,
    job.status,
    job.progress,
    job.errorMessage ?? job.task,
    nextOf(job, nowMs),
    formatAge(nowMs - job.createdAt.getTime()),
  ]);
  return formatList(
    context.stdout,
    [
      { title: "id", align: "right" },
      { title: "identifier", cut: true },
      { title: "status" },
      { title: "done", align: "right" },
      { title: "task or error", cut: true },
      { title: "next", optional: true },
      { title: "age", align: "right" },
    ],
    rows,
  );
}

/** When the job goes on by itself: `in 12 s`, `due`; empty if it runs or has ended. */
function nextOf(job: JobOverview, nowMs: number): string {
  const at = job.nextAttemptAt ?? (job.status === "PENDING" ? job.runAt : null);
  if (at === null) {
    return "";
  }
  const aheadMs = at.getTime() - nowMs;
  return aheadMs > 0 ? `in ${formatAge(aheadMs)}` : "due";
}
