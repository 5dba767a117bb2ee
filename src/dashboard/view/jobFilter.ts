import type { JobFilter } from "../api/generated.ts";

/** The states of jobs that the list can be narrowed to, as they stand in the address bar. */
export const STATES = {
  unfinished: "Unfinished",
  pending: "Pending",
  running: "Running",
  waiting: "Waiting",
  retrying: "Will retry",
  failed: "Failed for good",
  completed: "Completed",
  cancelled: "Cancelled",
} as const;

/** One of {@link STATES}. */
export type JobState = keyof typeof STATES;

/** How many rows a page may have. */
export const PAGE_SIZES = [25, 50, 100] as const;

const USUAL_PAGE_SIZE = 50;

/** What the list of jobs shows, as the address bar holds it. */
export interface JobView {
  /** Any of these; none is all. */
  readonly states: readonly JobState[];
  readonly identifier: string;
  readonly tenant: string;
  /** A number finds the job with that id, anything else is looked for in texts. */
  readonly text: string;
  /** Of the time of adding, in minutes up to now; 0 is all. */
  readonly minutes: number;
  /** Times in ISO 8601; null is open. */
  readonly addedFrom: string | null;
  readonly addedTo: string | null;
  readonly endedFrom: string | null;
  readonly endedTo: string | null;
  readonly isOldestFirst: boolean;
  readonly rows: number;
  readonly after: string | null;
}

const CONDITIONS: Readonly<Record<JobState, JobFilter>> = {
  unfinished: { finishedAt: { isNull: true } },
  pending: { status: { equalTo: "PENDING" }, finishedAt: { isNull: true } },
  running: { status: { equalTo: "RUNNING" }, finishedAt: { isNull: true } },
  waiting: { status: { equalTo: "WAITING" }, finishedAt: { isNull: true } },
  retrying: { status: { equalTo: "FAILED" }, finishedAt: { isNull: true } },
  failed: { status: { equalTo: "FAILED" }, finishedAt: { isNull: false } },
  completed: { status: { equalTo: "COMPLETED" } },
  cancelled: { status: { equalTo: "CANCELLED" } },
};

/** Reads the view from an address. */
export function viewOf({ searchParams }: URL): JobView {
  const minutes = Number(searchParams.get("minutes") ?? 0);
  const rows = Number(searchParams.get("rows"));
  return {
    states: (searchParams.get("state") ?? "")
      .split(",")
      .filter((state): state is JobState => Object.hasOwn(STATES, state)),
    identifier: searchParams.get("identifier") ?? "",
    tenant: searchParams.get("tenant") ?? "",
    text: searchParams.get("text") ?? "",
    minutes: Number.isSafeInteger(minutes) && minutes > 0 ? minutes : 0,
    addedFrom: timeOf(searchParams.get("addedFrom")),
    addedTo: timeOf(searchParams.get("addedTo")),
    endedFrom: timeOf(searchParams.get("endedFrom")),
    endedTo: timeOf(searchParams.get("endedTo")),
    isOldestFirst: searchParams.get("order") === "oldest",
    rows: PAGE_SIZES.some((size) => size === rows) ? rows : USUAL_PAGE_SIZE,
    after: searchParams.get("after"),
  };
}

function timeOf(text: string | null): string | null {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** The states with one more or one less, as the address bar holds them; null for none. */
export function withState(states: readonly JobState[], state: JobState): string | null {
  const next = states.includes(state) ? states.filter((each) => each !== state) : [...states, state];
  return next.length === 0 ? null : next.join(",");
}

/** The condition for the API. `nowMs` is rounded down to a minute, so that the condition stays the same for a while. */
export function filterOf(view: JobView, nowMs: number): JobFilter {
  return {
    ...stateCondition(view),
    ...(view.identifier === "" ? {} : { identifier: { equalTo: view.identifier } }),
    ...(view.tenant === "" ? {} : { tenant: { equalTo: view.tenant } }),
    ...textCondition(view.text.trim()),
    ...between("createdAt", createdAfterOf(view, nowMs), view.addedTo),
  };
}

/** From when on jobs must have been added; null: from the first. */
export function createdAfterOf({ minutes, addedFrom }: JobView, nowMs: number): string | null {
  return minutes === 0 ? addedFrom : new Date((Math.floor(nowMs / 60_000) - minutes) * 60_000).toISOString();
}

function stateCondition({ states, endedFrom, endedTo }: JobView): JobFilter {
  const conditions = states.map((state) => CONDITIONS[state]);
  const ends = between("finishedAt", endedFrom, endedTo);
  return {
    ...(conditions.length === 1 ? conditions[0] : {}),
    ...(conditions.length > 1 ? { or: conditions } : {}),
    ...(ends.finishedAt === undefined ? {} : { and: [ends] }),
  };
}

function between(field: "createdAt" | "finishedAt", from: string | null, to: string | null): JobFilter {
  return from === null && to === null
    ? {}
    : {
        [field]: {
          ...(from === null ? {} : { greaterThanOrEqualTo: from }),
          ...(to === null ? {} : { lessThan: to }),
        },
      };
}

function textCondition(text: string): JobFilter {
  if (text === "") {
    return {};
  }
  return isId(text) ? { id: { equalTo: text } } : { search: text };
}

function isId(text: string): boolean {
  return /^\d{1,18}$/v.test(text);
}

/** Where a text was looked for. */
export function whatWasSearched(text: string): string {
  return isId(text)
    ? `There is no job ${text} that matches the rest, too.`
    : `"${text}" was looked for in definitions, job keys, reasons, errors and payloads of the newest 20,000 jobs that match the rest. Narrow by definition, tenant or time to look further back.`;
}
