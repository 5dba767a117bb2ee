create or replace function ratchet_private.refuse_identity_change() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using
    errcode = 'RT011',
    message = case tg_op
      when 'TRUNCATE' then 'ratchet.tasks cannot be truncated: the jobs would not follow.'
      else format('Task %s of job %s cannot move to another job or position.', old.position, old.job_id) end,
    hint = case tg_op
      when 'TRUNCATE' then 'Delete jobs instead (delete from ratchet.jobs where …); their tasks go with them.'
      else 'Add a new job with the plan you want.' end;
end
$$;
comment on function ratchet_private.refuse_identity_change() is 'Trigger: raises for TRUNCATE of tasks and for a change of (job_id, position).';
