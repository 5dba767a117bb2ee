import {
  addJob,
  addWorker,
  checkpoint,
  claimOne,
  completeTasks,
  publish,
  register,
  single,
  type Sql,
} from "../sql/fixtures.ts";

/** What belongs to one tenant: jobs in several states, with a text in them that nobody else may see. */
export interface TenantRows {
  readonly tenant: string;
  readonly secret: string;
  /** FAILED for good, with a failure; its definition shows payloads. */
  readonly failed: string;
  /** PENDING. */
  readonly pending: string;
  /** COMPLETED, of a definition that hides payloads. */
  readonly hidden: string;
  /** CANCELLED, with an entry in the audit. */
  readonly cancelled: string;
}

/** Registers what {@link addTenant} needs. */
export async function registerForTenants(sql: Sql): Promise<void> {
  await register(
    sql,
    [publish({ max_attempts: 1 }), { ...single({ identifier: "discreet", version: "d1" }), hide_payloads: true }],
    true,
  );
}

/** Adds jobs of a tenant in several states. */
export async function addTenant(sql: Sql, tenant: string): Promise<TenantRows> {
  const secret = `secret of ${tenant}`;
  const db = sql.pool();
  const worker = await addWorker(sql, ["p1", "s1", "d1"]);
  const add = async (identifier: string, given: Record<string, unknown> = {}): Promise<string> =>
    (await addJob(db, { identifier, payload: { images: [secret], secret }, tenant, ...given })).id;
  const failed = await add("publish", { max_attempts: 1, job_key: `key: ${secret}` });
  const claimed = await claimOne(sql, worker, failed);
  await completeTasks(sql, worker, { job: failed, fence: claimed.fence, from: 1, to: 1 });
  await sql.rows("update ratchet.tasks set result = $2 where job_id = $1 and position = 1", [
    failed,
    JSON.stringify(secret),
  ]);
  await checkpoint(db, worker, [
    { job: failed, position: 2, fence: claimed.fence, kind: "F", failure: { error_message: secret, can_retry: false } },
  ]);
  const hidden = await add("discreet");
  const { rows } = await db.query<{ fence: number; outcome: string }>(
    "select * from ratchet_private.claim_jobs($1, array[$2::bigint], array['d1'], false, true)",
    [worker, hidden],
  );
  await checkpoint(db, worker, [
    { job: hidden, position: 1, fence: rows[0]?.fence ?? 0, kind: "C", result: `${secret}, hidden` },
  ]);
  const cancelled = await add("single");
  await sql.rows("select ratchet.cancel_job($1, $2)", [cancelled, secret]);
  return { tenant, secret, failed, hidden, cancelled, pending: await add("publish", { queue_name: secret }) };
}
