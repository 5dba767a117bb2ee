/** A try, or a wait, on the way of a task. */
export interface Span {
  readonly kind: "waiting" | "failed" | "running" | "completed";
  readonly fromMs: number;
  readonly toMs: number;
  /** What it says on hover. */
  readonly label: string;
}

/** What {@link spansOf} needs of a task. */
export interface TimelineTask {
  readonly position: number;
  readonly status: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly attempts: number;
}

/** What it needs of a try that failed. */
export interface TimelineFailure {
  readonly position: number;
  readonly attempt: number;
  readonly startedAt: string;
  readonly failedAt: string;
  readonly errorMessage: string;
}

/** The tries of a task and the waits between them, in order. */
export function spansOf(task: TimelineTask, failures: readonly TimelineFailure[], nowMs: number): Span[] {
  const tries: Span[] = failures
    .filter(({ position }) => position === task.position)
    .map((failure) => ({
      kind: "failed" as const,
      fromMs: Date.parse(failure.startedAt),
      toMs: Date.parse(failure.failedAt),
      label: `Try ${failure.attempt} failed: ${failure.errorMessage}`,
    }))
    .toSorted((left, right) => left.fromMs - right.fromMs);
  const last = lastTry(task, nowMs);
  return withWaits(last === null ? tries : [...tries, last], task, nowMs);
}

function lastTry({ status, startedAt, completedAt, attempts }: TimelineTask, nowMs: number): Span | null {
  if (startedAt === null) {
    return null;
  }
  const fromMs = Date.parse(startedAt);
  if (status === "COMPLETED" && completedAt !== null) {
    return { kind: "completed", fromMs, toMs: Date.parse(completedAt), label: `Try ${attempts} completed` };
  }
  return status === "RUNNING" ? { kind: "running", fromMs, toMs: nowMs, label: `Try ${attempts} runs` } : null;
}

function withWaits(tries: readonly Span[], { status }: TimelineTask, nowMs: number): Span[] {
  const spans: Span[] = [];
  for (const each of tries) {
    const before = spans.at(-1);
    if (before !== undefined && each.fromMs > before.toMs) {
      spans.push({ kind: "waiting", fromMs: before.toMs, toMs: each.fromMs, label: "Waited for the next try" });
    }
    spans.push(each);
  }
  const end = spans.at(-1);
  if (status === "FAILED" && end !== undefined && end.toMs < nowMs) {
    spans.push({ kind: "waiting", fromMs: end.toMs, toMs: nowMs, label: "Waits since" });
  }
  return spans;
}

/** A stretch of time that bars lie on. */
export interface Axis {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What {@link axisOf} needs of a job. */
export interface TimelineJob {
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly taskCount: number;
  readonly currentTask: { readonly position: number } | null;
  /** Those of the page. */
  readonly tasks: { readonly nodes: readonly Pick<TimelineTask, "position" | "startedAt" | "completedAt">[] };
}

/** The time from a job's adding to its end or now; of a plan that takes several pages, that of the page. */
export function axisOf({ createdAt, finishedAt, taskCount, currentTask, tasks }: TimelineJob, nowMs: number): Axis {
  const whole = { fromMs: Date.parse(createdAt), toMs: finishedAt === null ? nowMs : Date.parse(finishedAt) };
  const ends = tasks.nodes.flatMap(({ completedAt }) => (completedAt === null ? [] : [Date.parse(completedAt)]));
  const starts = tasks.nodes.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt)]));
  const isPart = tasks.nodes.length < taskCount && starts.length > 0;
  const isPast = isPart && ends.length > 0 && tasks.nodes.every(({ position }) => position !== currentTask?.position);
  const fromMs = isPart ? Math.min(...starts) : whole.fromMs;
  return { fromMs, toMs: Math.max(isPast ? Math.max(...ends) : whole.toMs, fromMs + 1) };
}

/** Lengths of time that people count in. */
const STEPS_MS = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
];
const DAY_MS = 86_400_000;
const MOST_STEPS = 4;

/** Round lengths of time after an axis' beginning, at most five; none so near its end that the words would not fit. */
export function ticksOf({ fromMs, toMs }: Axis): number[] {
  const needed = (toMs - fromMs) / MOST_STEPS;
  const step = STEPS_MS.find((each) => each >= needed) ?? Math.ceil(needed / DAY_MS) * DAY_MS;
  const last = (toMs - fromMs) * 0.94;
  const ticks: number[] = [];
  for (let tick = 0; tick <= last; tick += step) {
    ticks.push(tick);
  }
  return ticks;
}

/** Where a span lies on an axis, in percent; never too narrow to be seen. */
export function placeOf(
  { fromMs, toMs }: Pick<Span, "fromMs" | "toMs">,
  axis: Axis,
): { readonly left: number; readonly width: number } {
  const lengthMs = Math.max(1, axis.toMs - axis.fromMs);
  const left = clamp(((fromMs - axis.fromMs) / lengthMs) * 100, 0, 99.5);
  const right = clamp(((toMs - axis.fromMs) / lengthMs) * 100, 0, 100);
  return { left, width: Math.max(0.5, right - left) };
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, value));
}
