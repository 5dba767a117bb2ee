create or replace function ratchet_private.refuse_status_by_hand() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using
    errcode = 'RT010',
    message = format('The status of job %s follows its tasks and cannot be set to %s by hand.', old.id, new.status),
    hint = format('Change its tasks instead: update ratchet.tasks set status = … where job_id = %s and position = …;', old.id);
end
$$;
comment on function ratchet_private.refuse_status_by_hand() is 'Trigger: raises for a job''s status changed by hand.';
