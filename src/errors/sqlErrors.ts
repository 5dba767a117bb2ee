import type { ErrorCatalogueEntry } from "./catalogueEntry.ts";

/** The errors that are raised in SQL. */
export const SQL_ERRORS = {
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
  RT025: {
    name: "not_reschedulable",
    summary: "The job cannot be given another time or priority as it stands.",
    advice: "Wait until no worker has the job, or cancel it; choose a time before its time-out.",
    retryable: true,
  },
  RT026: {
    name: "tenant_not_allowed",
    summary: "Whoever asks has no such tenant, none at all, or several of which none was named.",
    advice:
      "Name a tenant of your own, or let the owner of Ratchet's tables give the login one: `select ratchet.allow_login(<login>, <tenant>)`.",
    retryable: false,
  },
} as const satisfies Record<`RT${number}`, ErrorCatalogueEntry>;
