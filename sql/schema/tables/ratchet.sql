comment on schema ratchet is 'Ratchet: jobs as ordered plans of durable tasks. Start with the view job_overview and the function explain_job.';
comment on schema ratchet_private is 'Ratchet''s insides: not for use from outside.';
