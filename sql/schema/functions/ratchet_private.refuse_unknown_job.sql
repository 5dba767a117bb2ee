create or replace function ratchet_private.refuse_unknown_job(p_job_id bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using
    errcode = 'RT013',
    message = format('There is no job %s.', p_job_id),
    hint = 'See which there are: select * from ratchet.job_overview order by id desc limit 20;';
end
$$;
comment on function ratchet_private.refuse_unknown_job(bigint) is 'Raises RT013, the same for a job that does not exist and for one of a tenant that the caller does not have.';
