import type { JobFilter } from "../api/generated.ts";

/** The states of jobs that the list can be narrowed to, as they stand in the address bar. */
export const STATES = {
  all: "All",
  unfinished: "Unfinished",
  pending: "Pending",
  running: "Running",
  retrying: "Will retry",
  failed: "Failed for good",
  completed: "Completed",
  cancelled: "Cancelled",
} as const;

/** One of {@link STATES}. */
export type JobState = keyof typeof STATES;

/** What the list of jobs shows, as the address bar holds it. */
export interface JobView {
  readonly state: JobState;
  readonly identifier: string;
  readonly tenant: string;
  /** A number finds the job with that id, anything else is looked for in job keys. */
  readonly text: string;
  /** Of the time of adding, in minutes up to now; 0 is all. */
  readonly minutes: number;
  readonly isOldestFirst: boolean;
  readonly after: string | null;
}

const CONDITIONS: Readonly<Record<JobState, JobFilter>> = {
  all: {},
  unfinished: { finishedAt: { isNull: true } },
  pending: { status: { equalTo: "PENDING" }, finishedAt: { isNull: true } },
  running: { status: { equalTo: "RUNNING" }, finishedAt: { isNull: true } },
  retrying: { status: { equalTo: "FAILED" }, finishedAt: { isNull: true } },
  failed: { status: { equalTo: "FAILED" }, finishedAt: { isNull: false } },
  completed: { status: { equalTo: "COMPLETED" } },
  cancelled: { status: { equalTo: "CANCELLED" } },
};

/** Reads the view from an address. */
export function viewOf({ searchParams }: URL): JobView {
  const state = searchParams.get("state") ?? "all";
  const minutes = Number(searchParams.get("minutes") ?? 0);
  return {
    state: Object.hasOwn(STATES, state) ? (state as JobState) : "all",
    identifier: searchParams.get("identifier") ?? "",
    tenant: searchParams.get("tenant") ?? "",
    text: searchParams.get("text") ?? "",
    minutes: Number.isSafeInteger(minutes) && minutes > 0 ? minutes : 0,
    isOldestFirst: searchParams.get("order") === "oldest",
    after: searchParams.get("after"),
  };
}

/** The condition for the API. `nowMs` is rounded down to a minute, so that the condition stays the same for a while. */
export function filterOf(view: JobView, nowMs: number): JobFilter {
  const createdAfter = createdAfterOf(view, nowMs);
  return {
    ...CONDITIONS[view.state],
    ...(view.identifier === "" ? {} : { identifier: { equalTo: view.identifier } }),
    ...(view.tenant === "" ? {} : { tenant: { equalTo: view.tenant } }),
    ...textCondition(view.text.trim()),
    ...(createdAfter === null ? {} : { createdAt: { greaterThanOrEqualTo: createdAfter } }),
  };
}

/** From when on jobs must have been added; null: from the first. */
export function createdAfterOf({ minutes }: JobView, nowMs: number): string | null {
  return minutes === 0 ? null : new Date((Math.floor(nowMs / 60_000) - minutes) * 60_000).toISOString();
}

function textCondition(text: string): JobFilter {
  if (text === "") {
    return {};
  }
  return /^\d{1,18}$/v.test(text) ? { id: { equalTo: text } } : { jobKey: { includesInsensitive: text } };
}
