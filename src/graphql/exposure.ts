/** What GraphQL shows of one table. */
export interface ExposedRelation {
  /** In place of the table's name. */
  readonly name?: string;
  /** Columns that can be filtered by. */
  readonly filter: readonly string[];
  /** Columns that a list can be ordered by, besides the primary key: only such as its index serves. */
  readonly order?: readonly string[];
  /** The engine's own columns. */
  readonly hidden?: readonly string[];
  /** Columns that not everybody who sees a row may read: a function over the row gives them. */
  readonly byFunction?: readonly string[];
  /** Whether a list for which nobody gave an order begins with the newest row. Default: with the oldest. */
  readonly newestFirst?: boolean;
  /** Relations that no constraint states, in PostGraphile's notation. */
  readonly relations?: readonly string[];
  /** Whether it is the type of what a function answers, whose fields are never null but for these. */
  readonly answer?: { readonly nullable: readonly string[] };
}

/**
 * The tables that GraphQL shows. Whatever else schema `ratchet` has stays hidden until it is entered here. The
 * views whose names end in `_overview` are for people in psql; `violations` took 9 s with 86,000 jobs finished in its last day, and
 * is for `ratchet doctor`.
 */
export const EXPOSED_RELATIONS: Readonly<Record<string, ExposedRelation>> = {
  jobs: {
    filter: [
      "id",
      "identifier",
      "version",
      "tenant",
      "status",
      "worker_id",
      "run_at",
      "next_attempt_at",
      "created_at",
      "started_at",
      "finished_at",
      "queue_name",
      "job_key",
      "adopted_from",
    ],
    // All but the id with a condition: jobOrderPlugin.ts.
    order: ["id", "finished_at", "next_attempt_at", "run_at"],
    hidden: ["fence"],
    byFunction: ["payload"],
    newestFirst: true,
    relations: [
      "(worker_id) references workers (id)|@fieldName worker|@backwardBehavior -list -connection",
      "(identifier, version) references definitions (identifier, version)|@fieldName definition|@backwardBehavior -list -connection",
    ],
  },
  tasks: {
    filter: ["job_id", "position", "status", "key", "template", "attempts"],
    hidden: ["fence", "stop_after"],
    byFunction: ["input", "result"],
  },
  task_failures: {
    filter: ["id", "job_id", "position", "counted", "error_name", "error_code", "failed_at", "worker_id"],
    order: ["id"],
    hidden: ["fence"],
    newestFirst: true,
    relations: ["(job_id) references jobs (id)|@fieldName job|@foreignFieldName failures"],
  },
  definitions: { filter: ["identifier", "version", "current_since"] },
  workers: {
    filter: ["id", "host", "version", "started_at", "beat_at", "stopped_at"],
    order: ["id"],
    hidden: ["pool_ids"],
    newestFirst: true,
  },
  audit: {
    name: "audit_entries",
    filter: ["id", "at", "actor", "action", "job_id", "tenant"],
    order: ["id"],
    newestFirst: true,
    relations: ["(job_id) references jobs (id)|@fieldName job|@foreignFieldName auditEntries"],
  },
  orders_outcome: { filter: [], answer: { nullable: ["next_after"] } },
  orders_refusal: { filter: [], answer: { nullable: [] } },
  planned_task: { filter: [], answer: { nullable: [] } },
  queue_history_bucket: { filter: [], answer: { nullable: [] } },
  queue_stat: { filter: [], answer: { nullable: ["oldest_wait_seconds"] } },
};

/** The functions over a row that become fields of its type. */
export const EXPOSED_FUNCTIONS: Readonly<Record<string, { readonly neverNull: boolean; readonly fieldName?: string }>> =
  {
    jobs_eta_seconds: { neverNull: false },
    jobs_explanation: { neverNull: true },
    jobs_finished_task_count: { neverNull: true },
    jobs_is_final: { neverNull: true },
    jobs_payload: { neverNull: false, fieldName: "payload" },
    jobs_progress: { neverNull: true },
    jobs_task_count: { neverNull: true },
    jobs_will_retry: { neverNull: true },
    tasks_input: { neverNull: false, fieldName: "input" },
    tasks_result: { neverNull: false, fieldName: "result" },
  };

/** The functions that become lists of the query. */
export const EXPOSED_QUERIES: ReadonlySet<string> = new Set(["preview_plan", "queue_history", "queue_stats"]);

/** Constraints whose two fields get names of ours. */
export const NAMED_RELATIONS: Readonly<
  Record<string, { readonly fieldName: string; readonly foreignFieldName: string }>
> = {
  task_failures_task: { fieldName: "task", foreignFieldName: "failures" },
  tasks_job: { fieldName: "job", foreignFieldName: "tasks" },
};
