import type { JobFilter, JobOrderBy } from "../api/generated.ts";

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

/** The orders of the list, as they stand in the address bar. */
export const ORDERS = {
  newest: "newest first",
  oldest: "oldest first",
  ended: "last ended first",
  retry: "next try first",
} as const;

/** One of {@link ORDERS}. */
export type JobOrder = keyof typeof ORDERS;

/** What the API calls them. */
export const ORDER_NAMES = {
  newest: "ID_DESC",
  oldest: "ID_ASC",
  ended: "FINISHED_AT_DESC",
  retry: "NEXT_ATTEMPT_AT_ASC",
} as const satisfies Record<JobOrder, JobOrderBy>;

/** Whether an order is one of jobs that have ended, or of others; neither: of all. */
const FINAL: Readonly<Partial<Record<JobOrder, boolean>>> = { ended: true, retry: false };
const ENDED: ReadonlySet<JobState> = new Set(["failed", "completed", "cancelled"]);

/** How many rows a page may have. */
export const PAGE_SIZES = [25, 50, 100] as const;

const USUAL_PAGE_SIZE = 50;
/** Ten years: an address can say anything, and a time far enough back is none. */
const MOST_MINUTES = 5_256_000;

/** What the list of jobs shows, as the address bar holds it. */
export interface JobView {
  /** Any of these; none is all. */
  readonly states: readonly JobState[];
  readonly identifier: string;
  readonly tenant: string;
  /** Looked for in whatever a job holds. */
  readonly text: string;
  /** Of the time of adding, in minutes up to now; 0 is all. */
  readonly minutes: number;
  /** Times in ISO 8601; null is open. */
  readonly addedFrom: string | null;
  readonly addedTo: string | null;
  readonly endedFrom: string | null;
  readonly endedTo: string | null;
  readonly order: JobOrder;
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
  const view = {
    states: (searchParams.get("state") ?? "")
      .split(",")
      .filter((state): state is JobState => Object.hasOwn(STATES, state)),
    identifier: searchParams.get("identifier") ?? "",
    tenant: searchParams.get("tenant") ?? "",
    text: (searchParams.get("text") ?? "").trim(),
    minutes: Number.isSafeInteger(minutes) && minutes > 0 ? Math.min(minutes, MOST_MINUTES) : 0,
    addedFrom: timeOf(searchParams.get("addedFrom")),
    addedTo: timeOf(searchParams.get("addedTo")),
    endedFrom: timeOf(searchParams.get("endedFrom")),
    endedTo: timeOf(searchParams.get("endedTo")),
    order: "newest" as const,
    rows: PAGE_SIZES.some((size) => size === rows) ? rows : USUAL_PAGE_SIZE,
    after: searchParams.get("after"),
  };
  const order = searchParams.get("order") ?? "newest";
  return Object.hasOwn(ORDERS, order) && whyNoOrder(order as JobOrder, view) === null
    ? { ...view, order: order as JobOrder }
    : view;
}

/** What a list must be narrowed by to have the order; null if it has it. Only an index puts a million jobs in order at once. */
export function whyNoOrder(
  order: JobOrder,
  { states, identifier }: Pick<JobView, "states" | "identifier">,
): string | null {
  const isFinal = FINAL[order];
  if (isFinal === undefined) {
    return null;
  }
  if (states.length === 0 || states.some((state) => ENDED.has(state) !== isFinal)) {
    return isFinal ? "choose one definition and ended jobs" : "choose unfinished jobs";
  }
  return isFinal && identifier === "" ? "choose one definition" : null;
}

function timeOf(text: string | null): string | null {
  const ms = Date.parse(text ?? "");
  const at = Number.isNaN(ms) ? null : new Date(ms).toISOString();
  // Of years beyond these Postgres and the fields for times know another way to write.
  return at !== null && /^\d{4}-/v.test(at) ? at : null;
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
    ...(view.text === "" ? {} : { search: view.text }),
    ...(FINAL[view.order] === undefined ? {} : { isFinal: FINAL[view.order] }),
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

/** What is done until there is a list: without an index for a filter that may take a second among a million jobs. */
export function whereItLooks({ text }: JobView, isNarrowed: boolean): string {
  if (text !== "") {
    return "Looking through the newest 20,000 jobs that match the rest…";
  }
  return isNarrowed ? "Looking through the jobs, from the newest on…" : "Loading…";
}

/** Where a text was looked for. */
export function whatWasSearched(text: string): string {
  return `"${text}" was looked for in numbers, definitions, job keys, reasons, errors and payloads of the newest 20,000 jobs that match the rest. Narrow by definition, tenant or time to look further back.`;
}
