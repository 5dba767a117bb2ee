import { type Queryable, onlyRow } from "./queryable.ts";

/** Statuses of a task, as in the type `ratchet.task_status`. */
export type TaskStatus = "PENDING" | "RUNNING" | "WAITING" | "COMPLETED" | "FAILED" | "SKIPPED" | "CANCELLED";

/** One task of a claimed job's plan. */
export interface PlannedTask {
  readonly position: number;
  readonly key: string;
  readonly template: string;
  readonly name: string;
  readonly status: TaskStatus;
  /** Tries that ended and counted. */
  readonly attempts: number;
  /** The payload's element this task was made from, as it was queued; `null` for a task that stands alone. */
  readonly input: unknown;
}

/** A job this worker now holds. */
export interface Claim {
  readonly jobId: string;
  readonly identifier: string;
  /** `null` for a job outside the queue. */
  readonly version: string | null;
  readonly tenant: string;
  readonly fence: number;
  /** Position of the first unfinished task; RUNNING already, unless this is the first claim of the job. */
  readonly firstPosition: number;
  readonly payload: unknown;
  readonly plan: readonly PlannedTask[];
  readonly maxAttempts: number;
  readonly createdAt: Date;
  /** Its first unfinished task has seen so many workers die that this worker runs no other such job beside it. */
  readonly isSuspect: boolean;
  /** When the job is to have ended, by the database's clock; `null`: no limit. */
  readonly timeoutAt: Date | null;
  /** From the claim until then; negative if that time has passed. */
  readonly timeoutInMs: number | null;
}

/** Why a job was not claimed. */
export type ClaimRefusal =
  | "missing"
  | "finished"
  | "held"
  | "not due"
  | "not queued"
  | "unknown version"
  | "contradictory"
  | "locked"
  /** Another suspect runs here. */
  | "suspect"
  /** This worker was taken for dead, and has not found out yet. */
  | "buried";

/** The answer for one job. */
export type ClaimAnswer =
  | { readonly outcome: "claimed"; readonly claim: Claim }
  | { readonly outcome: ClaimRefusal; readonly holder: number | null; readonly fence: number | null };

type PlanRow = [number, string, string, string, TaskStatus, number, unknown];

interface ClaimRow {
  job_id: string;
  outcome: "claimed" | ClaimRefusal;
  fence: number;
  identifier: string;
  version: string | null;
  tenant: string;
  first_position: number;
  payload: unknown;
  plan: PlanRow[] | null;
  max_attempts: number | null;
  created_at_ms: number;
  holder: number | null;
  is_suspect: boolean | null;
  timeout_at: Date | null;
  timeout_in_ms: number | null;
}

/** Which jobs a worker may claim. */
export interface ClaimLimits {
  readonly versions: readonly string[];
  /** For jobs outside the queue: due or not, and even one that has FAILED. Default: false. */
  readonly isOrder?: boolean;
  /** Whether one of them may be a suspect. Default: true. */
  readonly takesSuspect?: boolean;
}

/** Claims all of these jobs that are due and free, in one commit; answers for each by id. */
export async function claimJobs(
  db: Queryable,
  workerId: number,
  jobIds: readonly string[],
  { versions, isOrder = false, takesSuspect = true }: ClaimLimits,
): Promise<Map<string, ClaimAnswer>> {
  const { rows } = await db.query<ClaimRow>({
    name: "ratchet_claim_jobs",
    text: "select * from ratchet_private.claim_jobs($1::integer, $2::bigint[], $3::text[], $4::boolean, $5::boolean)",
    values: [workerId, `{${jobIds.join(",")}}`, versions, isOrder, takesSuspect],
  });
  return new Map(rows.map((row) => [row.job_id, answerOf(row)]));
}

function answerOf(row: ClaimRow): ClaimAnswer {
  if (row.outcome !== "claimed") {
    return { outcome: row.outcome, holder: row.holder, fence: row.fence };
  }
  const claim: Claim = {
    jobId: row.job_id,
    identifier: row.identifier,
    version: row.version,
    tenant: row.tenant,
    fence: row.fence,
    firstPosition: row.first_position,
    payload: row.payload,
    plan: (row.plan ?? []).map(([position, key, template, name, status, attempts, input]) => ({
      position,
      key,
      template,
      name,
      status,
      attempts,
      input,
    })),
    maxAttempts: row.max_attempts ?? 1,
    createdAt: new Date(row.created_at_ms),
    isSuspect: row.is_suspect === true,
    timeoutAt: row.timeout_at,
    timeoutInMs: row.timeout_in_ms,
  };
  return { outcome: "claimed", claim };
}

/** Claims a worker gives back, uncounted, each with a wake-up; returns how many were still its own. */
export async function handBack(
  db: Queryable,
  workerId: number,
  claims: readonly Pick<Claim, "jobId" | "fence">[],
  delayMs = 0,
): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    "select ratchet_private.hand_back($1, $2, $3, $4 * interval '1 millisecond') as count",
    [workerId, claims.map((claim) => claim.jobId), claims.map((claim) => claim.fence), delayMs],
  );
  return onlyRow(rows).count;
}

/** Sets right a job whose status its tasks contradict. */
export async function settleJob(db: Queryable, jobId: string): Promise<void> {
  await db.query("select ratchet_private.settle($1)", [jobId]);
}

/** A due job's version, and for how long, in ms, no live worker has known it: `null` if one does. */
export async function readUnknownVersion(
  db: Queryable,
  jobId: string,
): Promise<{ version: string | null; unknownMs: number | null }> {
  const { rows } = await db.query<{ version: string | null; unknownMs: number | null }>(
    `select j.version, ratchet_private.version_unknown_ms(j.id) as "unknownMs" from ratchet.jobs j where j.id = $1`,
    [jobId],
  );
  return rows[0] ?? { version: null, unknownMs: null };
}
