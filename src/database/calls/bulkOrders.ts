import type { JobStatus } from "./jobs.ts";
import { type Queryable, onlyRow } from "./queryable.ts";

/** Which jobs an order about many means. Everything that is given must hold. */
export interface OrderFilter {
  readonly identifier?: string | undefined;
  readonly statuses?: readonly JobStatus[] | undefined;
  readonly tenant?: string | undefined;
  /** Added at this time or later. */
  readonly createdAfter?: Date | undefined;
  /** Added before this time. */
  readonly createdBefore?: Date | undefined;
  /** Ended at this time or later; only jobs to retry have ended. */
  readonly finishedAfter?: Date | undefined;
}

/** What {@link orderJobs} takes besides the jobs. */
export interface OrderJobsOptions {
  /** Kept in `ratchet.audit`. */
  readonly reason?: string | undefined;
  /** Counts the jobs that match and changes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Only jobs with a larger id: `nextAfter` of the call before. */
  readonly after?: string | undefined;
}

/** Jobs that refused an order for the same reason. */
export interface OrdersRefusal {
  readonly code: string;
  readonly jobs: number;
  readonly firstJobId: string;
  readonly message: string;
  readonly hint: string;
}

/** What has become of an order about many jobs. */
export interface OrdersOutcome {
  /** Jobs of this call; with `dryRun`, all that match. */
  readonly matched: number;
  readonly done: number;
  readonly refused: number;
  readonly refusals: readonly OrdersRefusal[];
  /** `null`: these were the last. */
  readonly nextAfter: string | null;
}

/**
 * Cancels jobs that have not ended, or retries jobs that have FAILED for good, a hundred of those that match in one commit.
 * @throws RT006 (no condition is given)
 */
export async function orderJobs(
  db: Queryable,
  action: "cancel" | "retry",
  filter: OrderFilter,
  { reason, dryRun = false, after = "0" }: OrderJobsOptions = {},
): Promise<OrdersOutcome> {
  const values = [
    filter.identifier ?? null,
    filter.statuses === undefined ? null : `{${filter.statuses.join(",")}}`,
    filter.tenant ?? null,
    filter.createdAfter?.toISOString() ?? null,
    filter.createdBefore?.toISOString() ?? null,
    reason ?? null,
    String(dryRun),
    after,
  ];
  const shared = `identifier => $1::text, status => $2::text::ratchet.job_status[], tenant => $3::text,
    created_after => $4::text::timestamptz, created_before => $5::text::timestamptz, reason => $6::text,
    dry_run => $7::text::boolean, after => $8::text::bigint`;
  const text = `select json_build_object('matched', o.matched, 'done', o.done, 'refused', o.refused,
      'nextAfter', o.next_after::text, 'refusals', (
        select coalesce(json_agg(json_build_object('code', r.code, 'jobs', r.jobs, 'firstJobId', r.first_job_id::text,
          'message', r.message, 'hint', r.hint)), '[]')
        from unnest(o.refusals) r))::text as outcome`;
  const { rows } =
    action === "cancel"
      ? await db.query<{ outcome: string }>(`${text} from ratchet.cancel_jobs(${shared}) o`, values)
      : await db.query<{ outcome: string }>(
          `${text} from ratchet.retry_jobs(${shared}, finished_after => $9::text::timestamptz) o`,
          [...values, filter.finishedAfter?.toISOString() ?? null],
        );
  return JSON.parse(onlyRow(rows).outcome) as OrdersOutcome;
}
