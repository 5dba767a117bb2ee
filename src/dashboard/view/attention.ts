import { countOf } from "./counts.ts";
import { durationText } from "./durations.ts";

/** How the jobs of a definition fare, as far as it matters here. */
export interface DefinitionNumbers {
  readonly identifier: string;
  readonly waiting: number;
  readonly willRetry: number;
  readonly failedForGood: number;
  /** Due jobs, failed ones included, that no live worker has handlers for. */
  readonly withoutWorker: number;
  readonly oldestWaitSeconds: number | null;
}

/** A worker that has not stopped. */
export interface WorkerNumbers {
  readonly id: number;
  readonly host: string;
  readonly beatAt: string;
  readonly knownVersions: readonly (string | null)[];
}

/** A worker that has stopped, or was taken for dead. */
export interface GoneWorker {
  readonly stoppedAt: string | null;
  /** Who took it for dead; null if it stopped by itself. */
  readonly rescuedBy: number | null;
}

/** A version of a definition. */
export interface DefinitionVersion {
  readonly identifier: string;
  readonly version: string;
}

/** Something that a person should look at. */
export interface Concern {
  readonly key: string;
  readonly isBad: boolean;
  readonly title: string;
  /** What it means, or what to do. */
  readonly advice: string;
  /** Where the cause is seen. */
  readonly to: string;
  /** The definition whose latest failure is told with it, and whether that failure was the last. */
  readonly failure?: { readonly identifier: string; readonly isFinal: boolean };
  /** The definition whose oldest waiting job is told with it, and why that job waits. */
  readonly waiting?: { readonly identifier: string };
}

/** What {@link concernsOf} looks at. */
export interface Situation {
  readonly stats: readonly DefinitionNumbers[];
  /** Null if the viewer may not know. */
  readonly workers: readonly WorkerNumbers[] | null;
  readonly gone: readonly GoneWorker[];
  readonly versions: readonly DefinitionVersion[];
  readonly nowMs: number;
}

/** A worker gives a sign of life twice a second; one without for so long is taken for dead. */
const SILENT_MS = 10_000;
/** So long a due job may wait before anybody is told. */
const LONG_WAIT_SECONDS = 60;
/** For so long the death of a worker is news. */
const LATELY_MS = 15 * 60_000;

/** Whether the worker's last sign of life is too old. */
export function isSilent({ beatAt }: Pick<WorkerNumbers, "beatAt">, nowMs: number): boolean {
  return nowMs - Date.parse(beatAt) > SILENT_MS;
}

/** Whether a worker died so lately that it matters. */
export function hasDiedLately({ stoppedAt, rescuedBy }: GoneWorker, nowMs: number): boolean {
  return rescuedBy !== null && nowMs - Date.parse(stoppedAt ?? "") < LATELY_MS;
}

/** What needs attention, the worst first; empty if all is well. */
export function concernsOf(situation: Situation): Concern[] {
  return [
    ...failing(situation),
    ...nobodyThere(situation),
    ...silent(situation),
    ...withoutHandlers(situation),
    ...waiting(situation),
    ...retrying(situation),
    ...died(situation),
  ].toSorted((left, right) => Number(right.isBad) - Number(left.isBad));
}

function failing({ stats }: Situation): Concern[] {
  return stats
    .filter(({ failedForGood }) => failedForGood > 0)
    .toSorted((left, right) => right.failedForGood - left.failedForGood)
    .map(({ identifier, failedForGood }) => ({
      key: `failed ${identifier}`,
      isBad: true,
      title: `${named(identifier)}: ${countOf(failedForGood, "job")} failed for good in the last hour`,
      advice: "Nothing more happens to them by itself.",
      to: `/jobs?state=failed&identifier=${encodeURIComponent(identifier)}`,
      failure: { identifier, isFinal: true },
    }));
}

function retrying({ stats }: Situation): Concern[] {
  return stats
    .filter(({ willRetry }) => willRetry > 0)
    .toSorted((left, right) => right.willRetry - left.willRetry)
    .map(({ identifier, willRetry }) => ({
      key: `retry ${identifier}`,
      isBad: false,
      title: `${named(identifier)}: ${countOf(willRetry, "job")} failed and will be tried again`,
      advice: "",
      to: `/jobs?state=retrying&identifier=${encodeURIComponent(identifier)}`,
      failure: { identifier, isFinal: false },
    }));
}

function silent({ workers, nowMs }: Situation): Concern[] {
  return (workers ?? [])
    .filter((worker) => isSilent(worker, nowMs))
    .map(({ id, host, beatAt }) => ({
      key: `silent ${id}`,
      isBad: true,
      title: `Worker ${id} on ${host} was last heard of ${durationText(nowMs - Date.parse(beatAt))} ago`,
      advice: isNobodyThere(workers, nowMs)
        ? "It has crashed or lost Postgres, and no other worker is alive. Start one: npx ratchet worker"
        : "It has crashed or lost Postgres. Another worker lets its jobs go on within seconds.",
      to: "/workers",
    }));
}

function nobodyThere({ stats, workers, nowMs }: Situation): Concern[] {
  const due = sumWithoutWorker(stats);
  return isNobodyThere(workers, nowMs) && due > 0
    ? [
        {
          key: "nobody",
          isBad: true,
          title: `${countOf(due, "job")} ${due === 1 ? "is" : "are"} due and no worker is alive`,
          advice: "Start one: npx ratchet worker",
          to: "/workers",
        },
      ]
    : [];
}

/** One concern for all of a kind: they mostly have one cause, a worker that was not started. */
function withoutHandlers({ stats, workers, versions, nowMs }: Situation): Concern[] {
  if (isNobodyThere(workers, nowMs)) {
    return [];
  }
  const known = new Set(workers?.flatMap(({ knownVersions }) => knownVersions));
  const isOther = ({ identifier }: DefinitionNumbers): boolean =>
    versions.some((each) => each.identifier === identifier && known.has(each.version));
  const stranded = stats.filter((stat) => stat.withoutWorker > 0);
  return [
    ...oneConcern(
      stranded.filter((stat) => !isOther(stat)),
      {
        key: "no handlers",
        is: (due) =>
          `${due === 1 ? "is" : "are"} due, but no live worker has handlers for ${due === 1 ? "it" : "them"}`,
        advice: "Start a worker whose tasks folder has them: npx ratchet worker",
      },
    ),
    ...oneConcern(stranded.filter(isOther), {
      key: "other version",
      is: (due) => `${due === 1 ? "was" : "were"} planned by another version of the definition than live workers have`,
      advice:
        "Tasks were added, removed or renamed since. Start a worker with the tasks folder of that version, or cancel these jobs and queue them again.",
    }),
  ];
}

function oneConcern(
  stats: readonly DefinitionNumbers[],
  { key, is, advice }: { readonly key: string; readonly is: (due: number) => string; readonly advice: string },
): Concern[] {
  const [first] = stats;
  if (first === undefined) {
    return [];
  }
  const due = sumWithoutWorker(stats);
  const names = stats.map(({ identifier }) => named(identifier)).join(", ");
  const narrowed = stats.length === 1 ? `&identifier=${encodeURIComponent(first.identifier)}` : "";
  return [
    {
      key,
      isBad: true,
      title: `${names}: ${countOf(due, "job")} ${is(due)}`,
      advice,
      to: `/jobs?state=unfinished&order=oldest${narrowed}`,
    },
  ];
}

function waiting({ stats }: Situation): Concern[] {
  return stats
    .filter((stat) => stat.withoutWorker === 0 && (stat.oldestWaitSeconds ?? 0) >= LONG_WAIT_SECONDS)
    .map(({ identifier, waiting: due, oldestWaitSeconds }) => ({
      key: `waits ${identifier}`,
      isBad: false,
      title: `${named(identifier)}: ${due === 0 ? "a retry is overdue" : `${countOf(due, "job")} due, the oldest`} for ${durationText((oldestWaitSeconds ?? 0) * 1000)}`,
      advice: "",
      to: `/jobs?state=unfinished&order=oldest&identifier=${encodeURIComponent(identifier)}`,
      waiting: { identifier },
    }));
}

function died({ gone, nowMs }: Situation): Concern[] {
  const count = gone.filter((worker) => hasDiedLately(worker, nowMs)).length;
  return count === 0
    ? []
    : [
        {
          key: "died",
          isBad: false,
          title: `${count === 1 ? "A worker" : `${count} workers`} died in the last 15 minutes`,
          advice:
            "Killed, crashed, out of memory or cut off: their own output, or the machine's log, says which. Their jobs went on with others.",
          to: "/workers",
        },
      ];
}

function isNobodyThere(workers: Situation["workers"], nowMs: number): boolean {
  return workers?.every((worker) => isSilent(worker, nowMs)) ?? false;
}

function sumWithoutWorker(stats: readonly DefinitionNumbers[]): number {
  return stats.reduce((sum, stat) => sum + stat.withoutWorker, 0);
}

/** A name within a sentence: one that is written from right to left must not turn what follows. */
function named(identifier: string): string {
  return /^[ -~]*$/v.test(identifier) ? identifier : `\u2068${identifier}\u2069`;
}
