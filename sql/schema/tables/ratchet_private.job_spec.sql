comment on type ratchet_private.job_spec is 'A job that add_jobs was asked for, checked and planned.';
