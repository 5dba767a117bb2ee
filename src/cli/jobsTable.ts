import type { JobOverview } from "../database/calls/jobList.ts";
import type { CliContext } from "./context.ts";
import { progressBar } from "./output/bar.ts";
import { formatList } from "./output/list.ts";
import type { Tone } from "./output/paint.ts";
import { pad, truncate } from "./output/text.ts";
import { formatAge, formatSpan } from "./output/time.ts";

/** How a list of jobs is to look. */
export interface JobsTableOptions {
  /** Cells a line may take. */
  readonly columns: number;
  /** Cells of a job's progress bar; 0: none. */
  readonly barCells: number;
  /** Whether lines are cut that are too long all the same, because a wrapped one would spoil a live list. Default: false. */
  readonly isCut?: boolean;
}

/** A list so wide has room for progress bars without cutting more of the rest. */
const ROOM_FOR_BARS = 100;
const BAR_CELLS = 10;
const TITLE_LINES = 2;

const TONES: Record<JobOverview["status"], Tone> = {
  PENDING: "faint",
  RUNNING: "busy",
  WAITING: "odd",
  COMPLETED: "good",
  FAILED: "bad",
  CANCELLED: "odd",
};

/** How many cells bars may take in a list of so many columns. */
export function barCellsFor(columns: number): number {
  return columns >= ROOM_FOR_BARS ? BAR_CELLS : 0;
}

/** Jobs as a table: two lines of titles, then a line a job. */
export function formatJobs(
  { paint }: Pick<CliContext, "paint">,
  jobs: readonly JobOverview[],
  { columns, barCells, isCut = false }: JobsTableOptions,
): string[] {
  const nowMs = Date.now();
  const width = Math.max(0, ...jobs.map(({ progress }) => progress.length));
  const rows = jobs.map((job) => [
    job.id,
    job.identifier,
    job.status,
    `${barCells === 0 ? "" : `${progressBar(shareOf(job), barCells)} `}${pad(job.progress, width, "right")}`,
    job.errorMessage ?? job.task,
    nextOf(job, nowMs),
    formatAge(nowMs - job.createdAt.getTime()),
    takenBy(job, nowMs),
  ]);
  const lines = formatList(
    { columns },
    [
      { title: "id", align: "right" },
      { title: "identifier", cut: true },
      { title: "status" },
      { title: "done", align: "right" },
      { title: "task or error", cut: true },
      { title: "next", optional: true, spare: true },
      { title: "age", align: "right", spare: true },
      { title: "took", align: "right", optional: true, spare: true },
    ],
    rows,
  );
  return lines.map((whole, index) => {
    const line = isCut ? truncate(whole, columns) : whole;
    const status = jobs[index - TITLE_LINES]?.status;
    return status === undefined ? line : line.replace(`| ${status}`, () => `| ${paint(TONES[status], status)}`);
  });
}

function shareOf({ progress }: JobOverview): number {
  const [done = 0, all = 1] = progress.split("/").map(Number);
  return done / all;
}

/** How long the job has run so far, or ran until it ended; empty if it has not begun. */
function takenBy({ startedAt, finishedAt }: JobOverview, nowMs: number): string {
  return startedAt === null ? "" : formatSpan((finishedAt?.getTime() ?? nowMs) - startedAt.getTime());
}

/** When the job goes on by itself: `in 12 s`, `due`; empty if it runs or has ended. */
export function nextOf(job: JobOverview, nowMs: number): string {
  const at = job.nextAttemptAt ?? (job.status === "PENDING" ? job.runAt : null);
  if (at === null) {
    return "";
  }
  const aheadMs = at.getTime() - nowMs;
  return aheadMs > 0 ? `in ${formatAge(aheadMs)}` : "due";
}
