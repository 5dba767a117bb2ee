import { progressBar } from "../output/bar.ts";
import type { Paint, Tone } from "../output/paint.ts";
import { countOf, oneLine, pad, textWidth, truncate, wrap } from "../output/text.ts";
import { formatAge, formatCountdown, formatSpan } from "../output/time.ts";
import { isWaitingForRetry, type History } from "./history.ts";
import { endSentence } from "./plainLines.ts";
import { isDone, isFinal, type ProgressSnapshot, type ProgressTask, taskSpanMs, taskTry } from "./snapshot.ts";

/** What {@link renderBlock} needs besides the job. */
export interface BlockOptions {
  /** Cells a line may take. */
  readonly columns: number;
  /** Lines the block may take. */
  readonly rows: number;
  readonly paint: Paint;
  /** The database's time at this moment; drives countdown, running times and the spinner. */
  readonly now: Date;
  /** A remark for the last lines, such as "No worker is alive." */
  readonly notice?: string | undefined;
}

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPINNER_STEP_MS = 100;
const LINES_AROUND_TASKS = 3;
const WIDEST_STATUS = "COMPLETED".length;
const WIDEST_NAME = 40;
const BAR_CELLS = 10;

const LOOKS: Record<ProgressTask["status"], { symbol: string; tone: Tone }> = {
  PENDING: { symbol: "○", tone: "faint" },
  RUNNING: { symbol: "●", tone: "busy" },
  WAITING: { symbol: "◔", tone: "odd" },
  COMPLETED: { symbol: "✔", tone: "good" },
  FAILED: { symbol: "✖", tone: "bad" },
  SKIPPED: { symbol: "↷", tone: "odd" },
  CANCELLED: { symbol: "■", tone: "odd" },
};

/**
 * The live view of a job: a header, a line a task, and at the end the countdown, the end or the notice. It never
 * takes more than `columns` by `rows`: long lines are cut, a long notice is wrapped, and of a long plan the part around the present task is shown.
 */
export function renderBlock(history: History, options: BlockOptions): string[] {
  const { latest } = history;
  const { paint, columns } = options;
  const done = latest.tasks.filter(isDone).length;
  const header = fitted(columns, [
    ["strong", `Job ${latest.id}`],
    ["plain", oneLine(latest.identifier)],
    [LOOKS[latest.status].tone, latest.status],
    ["good", isFinal(latest) ? "" : progressBar(shareOf(latest), BAR_CELLS)],
    ["faint", `${done} of ${countOf(latest.tasks.length, "task")} done${timeLeft(latest, options.now)}`],
  ]);
  const ending = lastLines(history, options);
  const room = options.rows - LINES_AROUND_TASKS - Math.max(1, ending.length);
  const { shown, above, below } = visibleTasks(latest.tasks, Math.max(1, room));
  const nameWidth = Math.min(WIDEST_NAME, Math.max(0, ...shown.map((task) => textWidth(oneLine(task.name)))));
  const lines: Piece[][] = [
    header,
    ...(above === 0 ? [] : [fitted(columns, [["faint", `  … ${above} before`]])]),
    ...shown.map((task) => fitted(columns, taskPieces(task, history, nameWidth, options.now))),
    ...(below === 0 ? [] : [fitted(columns, [["faint", `  … ${below} after`]])]),
    ...ending.map((piece) => fitted(columns, [piece])),
  ];
  return lines.map((pieces) => pieces.map(([tone, text]) => paint(tone, text)).join(""));
}

type Piece = readonly [Tone, string];

function taskPieces(task: ProgressTask, history: History, nameWidth: number, now: Date): Piece[] {
  const { symbol, tone } = LOOKS[task.status];
  // What no live worker holds does not move.
  const isMoving = task.status === "RUNNING" && history.latest.workers?.isHeld !== false;
  const spinner = SPINNER[Math.floor(now.getTime() / SPINNER_STEP_MS) % SPINNER.length] ?? symbol;
  const spanMs = taskSpanMs(task, now);
  const remarks = [
    task.status === "RUNNING" && task.progress !== null ? `${Math.round(task.progress * 100)} %` : "",
    history.skipped.has(task.position) ? "skipped: already COMPLETED" : "",
    tryRemark(task, history),
  ].filter((remark) => remark !== "");
  const pieces: Piece[] = [
    [tone, `  ${isMoving ? spinner : symbol} ${pad(truncate(oneLine(task.name), nameWidth), nameWidth)}`],
    [tone, pad(task.status, WIDEST_STATUS)],
  ];
  if (spanMs !== null) {
    pieces.push(["plain", pad(formatSpan(spanMs), "0.00 s".length, "right")]);
  }
  if (remarks.length > 0) {
    pieces.push(["faint", remarks.join(", ")]);
  }
  if (task.status === "FAILED" && task.errorMessage !== null) {
    pieces.push(["bad", oneLine(task.errorMessage)]);
  }
  return pieces;
}

/** `try 2, after: connection failed …`, for a task that needed more than one. */
function tryRemark(task: ProgressTask, history: History): string {
  if (taskTry(task) <= 1) {
    return "";
  }
  const lastError = task.status === "FAILED" ? undefined : history.lastErrors.get(task.position);
  return `try ${taskTry(task)}${lastError === undefined ? "" : `, after: ${oneLine(lastError)}`}`;
}

function lastLines(history: History, { columns, now, notice, rows }: BlockOptions): Piece[] {
  const { latest } = history;
  if (isFinal(latest)) {
    return [[LOOKS[latest.status].tone, `  ${endSentence(latest)}`]];
  }
  const parts = [countdown(latest, now), notice].filter((part) => part !== undefined);
  // A long remark must not push the tasks off the screen.
  const most = Math.max(1, Math.floor(rows / 3));
  return wrap(parts.join("; "), Math.max(1, columns - 2), most).map((line): Piece => ["odd", `  ${line}`]);
}

function countdown(latest: ProgressSnapshot, now: Date): string | undefined {
  if (!isWaitingForRetry(latest) || latest.nextAttemptAt === null) {
    return undefined;
  }
  const remainingMs = latest.nextAttemptAt.getTime() - now.getTime();
  return remainingMs > 0 ? `retry in ${formatCountdown(remainingMs)}` : "retry is due";
}

/** The part of the plan that is done, the running task's own progress included. */
function shareOf({ tasks }: ProgressSnapshot): number {
  const done = tasks.filter(isDone).length;
  const begun = tasks.find((task) => task.status === "RUNNING")?.progress ?? 0;
  return tasks.length === 0 ? 0 : (done + begun) / tasks.length;
}

/** `, about 12 s left`, as long as a live worker has the job or could take it. */
function timeLeft({ etaAt, workers }: ProgressSnapshot, now: Date): string {
  const leftMs = etaAt === undefined || etaAt === null ? 0 : etaAt.getTime() - now.getTime();
  const isComing = workers === undefined || workers.isHeld || workers.isKnown;
  return leftMs > 0 && isComing ? `, about ${formatAge(Math.max(leftMs, 1_000))} left` : "";
}

/** Pieces with two spaces between them, cut where the line is full. */
function fitted(columns: number, pieces: readonly Piece[]): Piece[] {
  const fitting: Piece[] = [];
  let left = columns;
  for (const [index, [tone, text]] of pieces.filter(([, each]) => each !== "").entries()) {
    const spaced = index === 0 ? text : `  ${text}`;
    if (left <= 0) {
      break;
    }
    const cut = truncate(spaced, left);
    fitting.push([tone, index === pieces.length - 1 ? cut.trimEnd() : cut]);
    left -= textWidth(cut);
  }
  return fitting;
}

function visibleTasks(tasks: readonly ProgressTask[], room: number) {
  if (tasks.length <= room) {
    return { shown: tasks, above: 0, below: 0 };
  }
  const firstUnfinished = tasks.findIndex((task) => !isDone(task));
  const present = firstUnfinished === -1 ? tasks.length - 1 : firstUnfinished;
  const above = Math.max(0, Math.min(present - Math.floor(room / 3), tasks.length - room));
  return { shown: tasks.slice(above, above + room), above, below: tasks.length - above - room };
}
