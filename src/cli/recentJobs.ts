/** What to ask to see how the jobs are doing. */
export const RECENT_JOBS_SQL =
  "select id, identifier, status, progress, task, error_message from ratchet.job_overview order by id desc limit 20";
