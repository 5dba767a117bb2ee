-- Stable, unlike explain_job, which reads the clock: GraphQL takes only such functions for fields.
create or replace function ratchet.jobs_explanation(job ratchet.jobs) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return ratchet.explain_job(job.id);
end
$$;
revoke all on function ratchet.jobs_explanation(ratchet.jobs) from public;
comment on function ratchet.jobs_explanation(ratchet.jobs) is 'One sentence: why the job is where it is and what happens next. Ask for it with one job or a page of them; each costs about a millisecond, that of a due job which waits about two.';
