/** What GraphQL shows of a function that changes something. */
export interface ExposedMutation {
  /** Under which name the mutation gives what the function returns, and what that is. */
  readonly result: string;
  readonly resultDescription: string;
  /** Arguments with a name of their own in GraphQL. */
  readonly argumentNames?: Readonly<Record<string, string>>;
}

const JOB = { result: "job", resultDescription: "The job as it is now." };
const OUTCOME = { result: "outcome", resultDescription: "What has become of the order." };

/** The functions that become mutations, by their names in SQL. */
export const EXPOSED_MUTATIONS: Readonly<Record<string, ExposedMutation>> = {
  add_job: { result: "job", resultDescription: "The job with its plan." },
  add_jobs: {
    result: "jobs",
    resultDescription: "The jobs in the order in which they were given.",
    argumentNames: { specs: "jobs" },
  },
  cancel_job: JOB,
  cancel_jobs: OUTCOME,
  complete_task: JOB,
  reschedule_job: JOB,
  retry_job: JOB,
  retry_jobs: OUTCOME,
  skip_task: JOB,
};

/** What arguments mean, by their names in GraphQL: Postgres has no comments on them. */
export const ARGUMENT_DESCRIPTIONS: Readonly<Record<string, string>> = {
  after: "Only jobs with a larger id: nextAfter of the call before. Default: from the first on.",
  buckets: "Into so many stretches of equal length the minutes are split, 1 to 300. Default: 60.",
  createdAfter: "Only jobs that were added at this time or later.",
  createdBefore: "Only jobs that were added before this time.",
  dryRun: "Only counts the jobs that match, and changes nothing.",
  finishedAfter: "Only jobs that ended at this time or later.",
  finishedBefore: "Only jobs that ended before this time.",
  fromTask: "Key of a task: it and all after it are run anew, even COMPLETED ones. Default: where the job stopped.",
  identifier: "Name of the definition.",
  ids: "Only these jobs, 10,000 at most; of each one that refuses the order the outcome says why.",
  jobId: "Number of the job.",
  jobKey: "The job's key: at most one unfinished job of a tenant has it.",
  jobKeyMode: "What happens if an unfinished job has the key: replace (default), preserve_run_at or unsafe_dedupe.",
  jobs: "The jobs, each with what addJob takes.",
  maxAttempts: "Counted tries of each task. Default: as the definition says.",
  maxJobs: "At most so many jobs in this call, 1 to 1000. Default: 100.",
  minutes: "Ends within so many minutes up to now, 1 to 1440. Default: 60.",
  payload: "What the job works on: an object that the definition's schema accepts. Default: {}.",
  priority: "Smaller numbers run earlier, -32768 to 32767. Usual is 0.",
  queueName: "Jobs of one queue run one after another.",
  reason: "Why, for the audit.",
  result: "What later handlers read as the task's result. Default: null.",
  retryDelay: "Wait before the second try of a task. Default: as the definition says.",
  runAt: "Not run before this time; one that has passed means at once.",
  search:
    "Only jobs with this text, as the filter search of lists finds it. At most 20,000 jobs may match what else is given.",
  status: "Only jobs of these statuses.",
  task: "Key of the task, such as upload[2].",
  taskNames: "Tasks of the plan by key or name: only these, in this order. Default: all.",
  tenant: "Whom the job belongs to; for several jobs: only those of this tenant.",
};
