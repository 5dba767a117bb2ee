import { type Command, Option } from "@commander-js/extra-typings";

import { type OrderFilter, type OrdersOutcome, orderJobs } from "../database/calls/bulkOrders.ts";
import type { JobStatus } from "../database/calls/jobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { checkMigrated } from "../database/migrationState.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { collectStatuses, timeOrAge } from "./argumentParsers.ts";
import { isConfirmed } from "./confirm.ts";
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { untilInterrupted } from "./interruption.ts";
import { countOf } from "./output/text.ts";
import { refuseUnknown } from "./unknownIdentifier.ts";

/** Options that say which jobs `--all` means. */
export interface ManyJobsOptions {
  readonly all?: true | undefined;
  readonly identifier?: string | undefined;
  readonly status?: JobStatus[] | undefined;
  readonly tenant?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly dryRun?: true | undefined;
  readonly yes?: true | undefined;
}

/** Gives a command the options of {@link ManyJobsOptions}. */
export function withManyJobsOptions<Args extends unknown[], Options extends Record<string, unknown>>(
  command: Command<Args, Options>,
  which: string,
): Command<Args, Options & Pick<ManyJobsOptions, keyof ManyJobsOptions>> {
  const extended: unknown = command
    .option("--all", `${which} that match the options below, in place of ids; says how many they are, and asks`)
    .option("--identifier <name>", "with --all: of this definition")
    .option("--status <status>", "with --all: of this status; several with commas", collectStatuses)
    .option("--tenant <name>", "with --all: of this tenant")
    .option(
      "--since <time>",
      'with --all: created at this time (2026-11-24T09:00) or later, or so long ago at most ("2 h")',
      timeOrAge,
    )
    .option("--until <time>", "with --all: created before this time, or longer ago", timeOrAge)
    .option("--dry-run", "with --all: only say how many they are")
    .addOption(new Option("--yes", "do not ask; needed for --all where nobody can be asked").conflicts("dryRun"));
  // Commander's own type of it is too long for a declaration file.
  return extended as Command<Args, Options & Pick<ManyJobsOptions, keyof ManyJobsOptions>>;
}

/**
 * Whether the command is about many jobs that are not named.
 * @throws {RatchetError} RT110 if it names none and does not say `--all` either, or mixes the two.
 */
export function isAboutMany(
  ids: readonly string[],
  { all, yes: _yes, ...options }: ManyJobsOptions & { readonly endedSince?: Date | undefined },
): boolean {
  if (all === true && ids.length > 0) {
    throw new RatchetError("RT110", "Both ids and --all are given.", {
      hint: "Give the ids alone, or --all without any.",
    });
  }
  const given = Object.entries(options).find(([, value]) => value !== undefined)?.[0];
  if (all !== true && given !== undefined) {
    throw new RatchetError(
      "RT110",
      `--${given.replaceAll(/[A-Z]/gv, (letter) => `-${letter.toLowerCase()}`)} goes with --all only.`,
      {
        hint: "Add --all to mean every job that matches, or leave it out and give ids.",
      },
    );
  }
  if (all !== true && ids.length === 0) {
    throw new RatchetError("RT110", "No job is given.", {
      hint: "Give the ids of jobs, or --all with what they have in common, such as --all --identifier NAME.",
    });
  }
  return all === true;
}

/** An order about many jobs, as the command's words say it. */
export interface ManyOrders {
  readonly action: "cancel" | "retry";
  readonly filter: OrderFilter;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly reason: string | undefined;
  /** Such as "cancelled": "3 jobs would be cancelled." */
  readonly done: string;
  /** Such as `Cancel 3 jobs?`, given the last two words. */
  readonly question: (jobs: string) => string;
}

/** The filter that the options say; one that says nothing names every status that the order is for. */
export function filterOf(options: ManyJobsOptions, statuses: readonly JobStatus[]): OrderFilter {
  return {
    identifier: options.identifier,
    statuses: options.status ?? statuses,
    tenant: options.tenant,
    createdAfter: options.since,
    createdBefore: options.until,
  };
}

/** Says how many jobs match, and asks; given `yes`, in one of the two ways, gives each the order, a hundred a commit, and says what has become of it. */
export async function orderMany(context: CliContext, orders: ManyOrders): Promise<void> {
  const { action, filter, yes, dryRun, json, done, question } = orders;
  const config = await context.config();
  await untilInterrupted((signal) =>
    withDatabase({ config, purpose: action, remark: context.remark }, async ({ pool }) => {
      await checkMigrated(pool);
      if (!yes) {
        const { matched } = await orderJobs(pool, action, filter, { dryRun: true });
        if (matched === 0 && filter.identifier !== undefined) {
          await refuseUnknown(pool, [filter.identifier], config.taskFolder);
        }
        const isQuestion = context.ask !== undefined && !dryRun && matched > 0;
        if (isQuestion) {
          if (!(await isConfirmed(context, question(countOf(matched, "job")), signal))) {
            return;
          }
        } else {
          context.print(json ? JSON.stringify({ matched }) : `${countOf(matched, "job")} would be ${done}.`);
          if (!dryRun && matched > 0) {
            context.remark(
              "Nothing was changed: there is nobody to ask. Add --yes to do it, or --dry-run to count only.",
            );
            context.exitWith(EXIT_CODES.usage.code);
          }
          return;
        }
      }
      const outcome = await orderAll(pool, orders, signal);
      context.print(...(json ? [JSON.stringify(outcome, null, 2)] : describe(outcome, done)));
      if (signal.aborted) {
        context.exitWith(EXIT_CODES.interrupted.code);
      } else if (outcome.refused > 0) {
        context.exitWith(EXIT_CODES.refused.code);
      }
    }),
  );
}

/** Slice after slice, until none is left or somebody interrupts. */
async function orderAll(db: Queryable, { action, filter, reason }: ManyOrders, signal: AbortSignal): Promise<Sum> {
  let all: Sum = { matched: 0, done: 0, refused: 0, refusals: [] };
  let after: string | null = "0";
  while (after !== null && !signal.aborted) {
    const { nextAfter, ...slice }: OrdersOutcome = await orderJobs(db, action, filter, { reason, after });
    all = added(all, slice);
    after = nextAfter;
  }
  return all;
}

type Sum = Omit<OrdersOutcome, "nextAfter">;

function added(one: Sum, other: Sum): Sum {
  const refusals = [...one.refusals];
  for (const refusal of other.refusals) {
    const index = refusals.findIndex(({ code }) => code === refusal.code);
    const before = refusals[index];
    if (before === undefined) {
      refusals.push(refusal);
    } else {
      refusals[index] = { ...before, jobs: before.jobs + refusal.jobs };
    }
  }
  return {
    matched: one.matched + other.matched,
    done: one.done + other.done,
    refused: one.refused + other.refused,
    refusals,
  };
}

function describe({ done, refusals }: Sum, word: string): string[] {
  return [
    `${countOf(done, "job")} ${word}.`,
    ...refusals.map(({ jobs, code, message }) => `${countOf(jobs, "job")} refused (${code}), such as: ${message}`),
  ];
}
