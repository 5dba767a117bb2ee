import type { JobOverview } from "../../database/calls/jobList.ts";
import type { CliContext } from "../context.ts";
import { barCellsFor, formatJobs, nextOf } from "../jobsTable.ts";
import { createLiveBlock, type BlockSize } from "../output/liveBlock.ts";
import { oneLine, truncate } from "../output/text.ts";
import { formatClock } from "../output/time.ts";
import { follow, type Source } from "./followJob.ts";
import { listChanges } from "./listChanges.ts";

/** How a list of jobs is watched. */
export interface WatchJobsOptions {
  readonly signal: AbortSignal;
  /** The most jobs that the source gives. */
  readonly limit: number;
  /** Prints each change as a line of JSON. */
  readonly json: boolean;
}

/** Ages and countdowns are in seconds. */
const REDRAW_MS = 1_000;
/** In a terminal that somebody watches, bars are worth the room. */
const LEAST_BAR_CELLS = 5;
const LEAST_COLUMNS_WITH_BARS = 75;
/** A search over many finished jobs takes its time. */
const POLL_MS = 2_000;

/**
 * Shows a list of jobs until `signal` is aborted: redrawn in place where that is possible, else a line for each job whose
 * state has changed.
 */
export async function watchJobs(
  context: CliContext,
  source: Source<readonly JobOverview[]>,
  { signal, limit, json }: WatchJobsOptions,
): Promise<void> {
  const view = context.canRedraw && !json ? createLiveView(context) : createPlainView(context, limit, json);
  try {
    for await (const jobs of follow(source, { signal, onTrouble: view.trouble, pollMs: POLL_MS })) {
      view.show(jobs);
    }
  } finally {
    view.end();
  }
}

interface View {
  readonly show: (jobs: readonly JobOverview[]) => void;
  readonly trouble: (message: string | null) => void;
  readonly end: () => void;
}

function createPlainView(context: CliContext, limit: number, json: boolean): View {
  let before: readonly JobOverview[] | null = null;
  return {
    show: (jobs) => {
      const { changed, gone } = listChanges(before ?? [], jobs, limit);
      if (before === null && jobs.length === 0 && !json) {
        context.remark("No such job yet; waiting for one.");
      }
      before = jobs;
      context.print(...changed.map((job) => (json ? JSON.stringify(job) : changeLine(job))));
      if (!json) {
        context.print(...gone.map((id) => `${formatClock(new Date())} Job ${id} is no longer one of these`));
      }
    },
    trouble: (message) => {
      context.remark(message === null ? "Postgres answers again." : `${message} Trying again.`);
    },
    end: () => {},
  };
}

/** `12:00:01 Job 7 publish_listing  FAILED  2/5  no answer  next in 3 s`. */
function changeLine(job: JobOverview): string {
  const next = nextOf(job, Date.now());
  const facts = [
    `${formatClock(new Date())} Job ${job.id} ${oneLine(job.identifier)}`,
    job.status,
    job.progress,
    oneLine(job.errorMessage ?? job.task),
    next === "" ? "" : `next ${next}`,
  ];
  return facts.filter((each) => each !== "").join("  ");
}

function createLiveView({ stdout, paint }: CliContext): View {
  let current: readonly JobOverview[] | undefined;
  let problem: string | undefined;
  const block = createLiveBlock(
    stdout,
    (size) => (current === undefined ? null : renderJobs({ paint }, current, size, problem)),
    REDRAW_MS,
  );
  return {
    show: (jobs) => {
      current = jobs;
      block.draw();
    },
    trouble: (message) => {
      problem = message === null ? undefined : `${message} Trying again.`;
      block.draw();
    },
    end: block.end,
  };
}

/** The list in at most `rows` lines: what does not fit is counted. */
export function renderJobs(
  context: Pick<CliContext, "paint">,
  jobs: readonly JobOverview[],
  { columns, rows }: BlockSize,
  problem?: string,
): string[] {
  const footer =
    problem === undefined
      ? context.paint("faint", truncate(`${formatClock(new Date())}  live; Ctrl-C ends it`, columns))
      : context.paint("bad", truncate(oneLine(problem), columns));
  if (jobs.length === 0) {
    return [truncate("No such job yet; waiting for one.", columns), footer].slice(0, rows);
  }
  const barCells = columns < LEAST_COLUMNS_WITH_BARS ? 0 : Math.max(LEAST_BAR_CELLS, barCellsFor(columns));
  const table = formatJobs(context, jobs, { columns, barCells, isCut: true });
  const room = rows - 1;
  if (table.length <= room) {
    return [...table, footer];
  }
  const shown = table.slice(0, Math.max(0, room - 1));
  return [...shown, context.paint("faint", truncate(`… ${table.length - shown.length} more`, columns)), footer].slice(
    -rows,
  );
}
