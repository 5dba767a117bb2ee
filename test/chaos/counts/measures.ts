import type { Evidence, Finding } from "../evidence.ts";
import type { LedgerEntry } from "../ledgerFile.ts";
import { FAULT_NAMES } from "../schedule.ts";

/** How long something took, over all cases. */
export interface Spread {
  readonly cases: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A worker that comes back from trouble with Postgres judges nobody for ten seconds. */
const JUDGES_NOBODY_MS = 10_000;

/** Percentiles of some times. */
function spreadOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0);
  return { cases: sorted.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

/** From a worker's death by SIGKILL to the moment each job that it ran runs elsewhere. */
export function rescueTimes(evidence: Evidence): {
  readonly all: Spread;
  readonly undisturbed: Spread;
  /** To the commit that takes the job from the dead worker. */
  readonly freed: Spread;
  readonly freedUndisturbed: Spread;
} {
  const holders = Map.groupBy(evidence.holders, ({ jobId }) => jobId);
  const freed: { fromMs: number; untilMs: number }[] = [];
  const starts = Map.groupBy(inTime(evidence.entries.filter(({ event }) => event === "start")), ({ jobId }) => jobId);
  const byProcess = Map.groupBy(evidence.entries, ({ process }) => process);
  const ordered = new Set(evidence.orders.map(({ jobId }) => jobId));
  const rescues = evidence.fleet.kills.flatMap(({ process, atMs }) => {
    const running = new Map<string, string>();
    for (const { event, jobId, position, fence } of byProcess.get(process) ?? []) {
      const key = `${jobId} ${position} ${fence}`;
      if (event === "start") {
        running.set(key, jobId);
      } else if (event === "end" || event === "throw" || event === "abort") {
        running.delete(key);
      }
    }
    const workerId = Number(byProcess.get(process)?.find(({ event }) => event === "worker")?.detail);
    return [...new Set(running.values())].flatMap((jobId) => {
      const letGo = holders
        .get(jobId)
        ?.find(
          ({ oldWorker, newWorker, committedMs }) =>
            oldWorker === workerId && newWorker === null && (committedMs ?? 0) >= atMs,
        );
      if (!ordered.has(jobId) && letGo !== undefined) {
        freed.push({ fromMs: atMs, untilMs: letGo.committedMs ?? atMs });
      }
      const next = ordered.has(jobId)
        ? undefined
        : starts.get(jobId)?.find((start) => start.atMs >= atMs && start.process !== process);
      return next === undefined ? [] : [{ fromMs: atMs, untilMs: next.atMs }];
    });
  });
  const isQuiet = ({ fromMs, untilMs }: { fromMs: number; untilMs: number }): boolean =>
    !evidence.strikes.some(
      (strike) =>
        isOfPostgres(strike.slot, strike.name) &&
        strike.fromMs < untilMs &&
        strike.untilMs > fromMs - JUDGES_NOBODY_MS - 2000,
    );
  const time = ({ fromMs, untilMs }: { fromMs: number; untilMs: number }): number => untilMs - fromMs;
  return {
    all: spreadOf(rescues.map(time)),
    undisturbed: spreadOf(rescues.filter(isQuiet).map(time)),
    freed: spreadOf(freed.map(time)),
    freedUndisturbed: spreadOf(freed.filter(isQuiet).map(time)),
  };
}

/** From the order to cancel to the handler's signal. */
export function cancelTimes(evidence: Evidence): { readonly all: Spread; readonly undisturbed: Spread } {
  const byJob = Map.groupBy(
    inTime(evidence.entries.filter(({ event }) => event === "start" || event === "abort")),
    ({ jobId }) => jobId,
  );
  const told = evidence.orders
    .filter(({ action }) => action === "cancel")
    .flatMap(({ jobId, atMs }) => {
      const entries = byJob.get(jobId) ?? [];
      const abort = entries.find((entry) => entry.event === "abort" && entry.atMs >= atMs - 5);
      const start = entries.findLast((entry) => entry.event === "start" && entry.atMs <= atMs);
      return abort !== undefined && start?.process === abort.process && start.position === abort.position
        ? [{ process: abort.process, fromMs: atMs, untilMs: abort.atMs }]
        : [];
    });
  const isQuiet = ({ process, fromMs, untilMs }: (typeof told)[number]): boolean =>
    !evidence.strikes.some(
      ({ slot, name, ...strike }) =>
        (isOfPostgres(slot, name) || String(slot) === process.split("-")[0]) &&
        strike.fromMs < untilMs &&
        strike.untilMs > fromMs - 2000,
    );
  const time = ({ fromMs, untilMs }: (typeof told)[number]): number => Math.max(untilMs - fromMs, 0);
  return { all: spreadOf(told.map(time)), undisturbed: spreadOf(told.filter(isQuiet).map(time)) };
}

/** Notes of different processes come one file after another. */
function inTime(entries: readonly LedgerEntry[]): LedgerEntry[] {
  return entries.toSorted((a, b) => a.atMs - b.atMs);
}

/** Claims that workers found lost: what they wrote under them changed nothing. */
export function staleWritesRefused({ entries }: Evidence): number {
  return entries.filter(({ event }) => event === "lost").length;
}

/** Classes that hit running tasks less often than asked for. */
export function seldomHit(evidence: Pick<Evidence, "strikes">, classes: readonly string[], wanted: number): Finding[] {
  return hitsByClass(evidence, classes)
    .filter(({ strikes }) => strikes < wanted)
    .map(({ name, strikes }) => ({ jobId: null, text: `${name}: ${strikes} times` }));
}

/** Strikes of each class that hit running tasks, and how many tasks. */
export function hitsByClass(
  { strikes }: Pick<Evidence, "strikes">,
  classes: readonly string[],
): { name: string; strikes: number; tasks: number }[] {
  return classes.map((name) => {
    const hits = strikes.filter((strike) => strike.name === name && strike.hits > 0);
    return { name, strikes: hits.length, tasks: hits.reduce((sum, { hits: tasks }) => sum + tasks, 0) };
  });
}

function isOfPostgres(slot: number | null, name: string): boolean {
  return (
    slot === null &&
    FAULT_NAMES.includes(name) &&
    /Postgres|backend|connections|read-only|disk|migration|table/v.test(name)
  );
}
