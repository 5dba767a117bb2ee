import { durationText } from "./durations.ts";

/** How the jobs of a definition fare, as far as it matters here. */
export interface DefinitionNumbers {
  readonly identifier: string;
  readonly waiting: number;
  readonly willRetry: number;
  readonly failedForGood: number;
  readonly oldestWaitSeconds: number | null;
}

/** A worker that has not stopped. */
export interface WorkerNumbers {
  readonly id: number;
  readonly host: string;
  readonly beatAt: string;
  readonly knownVersions: readonly (string | null)[];
}

/** A version of a definition. */
export interface DefinitionVersion {
  readonly identifier: string;
  readonly version: string;
  readonly currentSince: string;
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
  readonly failure: { readonly identifier: string; readonly isFinal: boolean } | null;
}

/** What {@link concernsOf} looks at. */
export interface Situation {
  readonly stats: readonly DefinitionNumbers[];
  /** Null if the viewer may not know. */
  readonly workers: readonly WorkerNumbers[] | null;
  readonly versions: readonly DefinitionVersion[];
  readonly nowMs: number;
}

/** A worker gives a sign of life twice a second; one without for so long is taken for dead. */
const SILENT_MS = 10_000;
/** So long a due job may wait before anybody is told. */
const LONG_WAIT_SECONDS = 60;

/** Whether the worker's last sign of life is too old. */
export function isSilent({ beatAt }: Pick<WorkerNumbers, "beatAt">, nowMs: number): boolean {
  return nowMs - Date.parse(beatAt) > SILENT_MS;
}

/** What needs attention, the worst first; empty if all is well. */
export function concernsOf(situation: Situation): Concern[] {
  return [...failing(situation), ...withoutWorker(situation), ...waiting(situation), ...retrying(situation)].toSorted(
    (left, right) => Number(right.isBad) - Number(left.isBad),
  );
}

function failing({ stats }: Situation): Concern[] {
  return stats
    .filter(({ failedForGood }) => failedForGood > 0)
    .toSorted((left, right) => right.failedForGood - left.failedForGood)
    .map(({ identifier, failedForGood }) => ({
      key: `failed ${identifier}`,
      isBad: true,
      title: `${identifier}: ${jobs(failedForGood)} failed for good in the last hour`,
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
      title: `${identifier}: ${jobs(willRetry)} failed and will be tried again`,
      advice: "",
      to: `/jobs?state=retrying&identifier=${encodeURIComponent(identifier)}`,
      failure: { identifier, isFinal: false },
    }));
}

function withoutWorker({ stats, workers, nowMs }: Situation): Concern[] {
  if (workers === null) {
    return [];
  }
  const due = stats.reduce((sum, stat) => sum + stat.waiting, 0);
  const silent: Concern[] = workers
    .filter((worker) => isSilent(worker, nowMs))
    .map(({ id, host, beatAt }) => ({
      key: `silent ${id}`,
      isBad: true,
      title: `Worker ${id} on ${host} was last heard of ${durationText(nowMs - Date.parse(beatAt))} ago`,
      advice: "Another worker lets its jobs go on once it is taken for dead.",
      to: "/workers",
      failure: null,
    }));
  const isNobodyThere = workers.every((worker) => isSilent(worker, nowMs));
  return isNobodyThere && due > 0
    ? [
        {
          key: "nobody",
          isBad: true,
          title: `${jobs(due)} ${due === 1 ? "is" : "are"} due and no worker is alive`,
          advice: "Start one: npx ratchet worker",
          to: "/workers",
          failure: null,
        },
        ...silent,
      ]
    : silent;
}

function waiting({ stats, workers, versions, nowMs }: Situation): Concern[] {
  const alive = workers?.filter((worker) => !isSilent(worker, nowMs)) ?? [];
  const known = new Set(alive.flatMap(({ knownVersions }) => knownVersions));
  const unknown = stats.filter(({ identifier, waiting: due }) => {
    const version = currentOf(identifier, versions);
    return alive.length > 0 && version !== null && !known.has(version) && due > 0;
  });
  const late = stats.filter((stat) => !unknown.includes(stat) && (stat.oldestWaitSeconds ?? 0) >= LONG_WAIT_SECONDS);
  return [
    ...withoutHandlers(unknown),
    ...late.map(({ identifier, waiting: due, oldestWaitSeconds }) => ({
      key: `waits ${identifier}`,
      isBad: false,
      title: `${identifier}: ${due === 0 ? "a retry is overdue" : `${jobs(due)} due, the oldest`} for ${durationText((oldestWaitSeconds ?? 0) * 1000)}`,
      advice: "Are the workers busy, or does something else hold these jobs? The oldest one's page says why it waits.",
      to: `/jobs?state=unfinished&order=oldest&identifier=${encodeURIComponent(identifier)}`,
      failure: null,
    })),
  ];
}

/** One concern for all of them: they mostly have one cause, a worker that was not started. */
function withoutHandlers(stats: readonly DefinitionNumbers[]): Concern[] {
  const [first] = stats;
  if (first === undefined) {
    return [];
  }
  const due = stats.reduce((sum, stat) => sum + stat.waiting, 0);
  const names = stats.map(({ identifier }) => identifier).join(", ");
  const narrowed = stats.length === 1 ? `&identifier=${encodeURIComponent(first.identifier)}` : "";
  return [
    {
      key: "no handlers",
      isBad: true,
      title: `${jobs(due)} due for which no worker that is alive has handlers: ${names}`,
      advice: "Start a worker with the newest tasks folder.",
      to: `/jobs?state=unfinished&order=oldest${narrowed}`,
      failure: null,
    },
  ];
}

function currentOf(identifier: string, versions: readonly DefinitionVersion[]): string | null {
  return (
    versions
      .filter((each) => each.identifier === identifier)
      .toSorted((left, right) => Date.parse(right.currentSince) - Date.parse(left.currentSince))[0]?.version ?? null
  );
}

function jobs(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? "job" : "jobs"}`;
}
