create or replace view ratchet.violations with (security_invoker = true) as
  select v.job_id, v.rule, v.detail from ratchet_private.find_violations() v;
comment on view ratchet.violations is 'Every contradiction that rows can show, among unfinished jobs and those of the last day. Empty when all is well; the function all_violations checks older jobs too.';
comment on column ratchet.violations.job_id is 'The job.';
comment on column ratchet.violations.rule is 'What must never be.';
comment on column ratchet.violations.detail is 'What stands there.';
