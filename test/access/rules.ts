import type { CallerRole } from "../../src/graphql/authentication/identity.ts";

/** Who may: the role from which on, as each has what those before it have, but for the enqueuer, who can add only. */
export type From = "everybody" | CallerRole | "owner";

const RANKS: readonly From[] = ["everybody", "enqueuer", "viewer", "operator", "admin"];

/** Whether a role may do what is allowed from a role on; adding is the enqueuer's, operator's and admin's. */
export function isAllowed(role: CallerRole, from: From): boolean {
  if (from === "enqueuer") {
    return role !== "viewer";
  }
  return from !== "owner" && RANKS.indexOf(role) >= RANKS.indexOf(from);
}

/** What is shown of one table or view. */
export interface RelationRule {
  readonly from: From;
  /** Rows of the tenant of whoever asks, all rows, or none but for admins. */
  readonly rows: "of tenant" | "all" | "for admins";
  /** Columns that viewers may not name. */
  readonly operatorColumns?: readonly string[];
}

/** A table or view that is not here may be read by nobody but the owner. */
export const RELATIONS: Readonly<Record<string, RelationRule>> = {
  "ratchet.audit": { from: "viewer", rows: "of tenant" },
  "ratchet.definitions": { from: "viewer", rows: "all" },
  "ratchet.job_overview": { from: "viewer", rows: "of tenant" },
  "ratchet.jobs": { from: "viewer", rows: "of tenant", operatorColumns: ["payload"] },
  "ratchet.queue_overview": { from: "viewer", rows: "of tenant" },
  "ratchet.task_failures": { from: "viewer", rows: "of tenant" },
  "ratchet.task_overview": { from: "viewer", rows: "of tenant" },
  "ratchet.tasks": { from: "viewer", rows: "of tenant", operatorColumns: ["input", "result"] },
  "ratchet.violations": { from: "admin", rows: "all" },
  "ratchet.worker_overview": { from: "viewer", rows: "for admins" },
  "ratchet.workers": { from: "viewer", rows: "for admins" },
  "ratchet_private.clock": { from: "viewer", rows: "all" },
};

/** A function that is not here may be called by nobody but the owner; those of `ratchet` must be. */
export const FUNCTIONS: Readonly<Record<string, From>> = {
  "ratchet.add_job": "enqueuer",
  "ratchet.add_jobs": "enqueuer",
  "ratchet.all_violations": "admin",
  "ratchet.allow_login": "owner",
  "ratchet.cancel_job": "operator",
  "ratchet.cancel_jobs": "operator",
  "ratchet.complete_task": "operator",
  "ratchet.explain_job": "viewer",
  "ratchet.forbid_login": "owner",
  "ratchet.jobs_current_task": "viewer",
  "ratchet.jobs_eta_seconds": "viewer",
  "ratchet.jobs_explanation": "viewer",
  "ratchet.jobs_finished_task_count": "viewer",
  "ratchet.jobs_is_final": "viewer",
  "ratchet.jobs_payload": "viewer",
  "ratchet.jobs_progress": "viewer",
  "ratchet.jobs_task_count": "viewer",
  "ratchet.jobs_will_retry": "viewer",
  "ratchet.preview_plan": "enqueuer",
  "ratchet.prune_jobs": "admin",
  "ratchet.queue_history": "viewer",
  "ratchet.queue_stats": "viewer",
  "ratchet.reschedule_job": "operator",
  "ratchet.retry_job": "operator",
  "ratchet.retry_jobs": "operator",
  "ratchet.scrub_job": "admin",
  "ratchet.skip_task": "operator",
  "ratchet.tasks_input": "viewer",
  "ratchet.tasks_result": "viewer",
  "ratchet_private.believes_claims": "everybody",
  "ratchet_private.clock_now": "viewer",
  "ratchet_private.describe_span": "viewer",
  "ratchet_private.find_violations": "admin",
  "ratchet_private.jobs_with_payload": "viewer",
  "ratchet_private.jobs_with_text": "viewer",
  "ratchet_private.live_versions": "viewer",
  "ratchet_private.recent_jobs": "viewer",
  "ratchet_private.text_bar": "viewer",
  "ratchet_private.text_line": "viewer",
  "ratchet_private.visible_tenants": "everybody",
};

/** The fields of the query, of mutations and of subscriptions: who gets an answer that is no refusal. */
export const ROOT_FIELDS: Readonly<Record<string, From>> = {
  "Query.auditEntries": "viewer",
  "Query.auditEntry": "viewer",
  "Query.definition": "viewer",
  "Query.definitions": "viewer",
  "Query.job": "viewer",
  "Query.jobs": "viewer",
  "Query.node": "viewer",
  "Query.previewPlan": "enqueuer",
  "Query.queueHistory": "viewer",
  "Query.queueStats": "viewer",
  "Query.task": "viewer",
  "Query.taskFailure": "viewer",
  "Query.taskFailures": "viewer",
  "Query.tasks": "viewer",
  "Query.worker": "viewer",
  "Query.workers": "viewer",
  "Mutation.addJob": "enqueuer",
  "Mutation.addJobs": "enqueuer",
  "Mutation.cancelJob": "operator",
  "Mutation.cancelJobs": "operator",
  "Mutation.completeTask": "operator",
  "Mutation.rescheduleJob": "operator",
  "Mutation.retryJob": "operator",
  "Mutation.retryJobs": "operator",
  "Mutation.skipTask": "operator",
  "Subscription.jobChanged": "viewer",
  "Subscription.jobsChanged": "viewer",
};
