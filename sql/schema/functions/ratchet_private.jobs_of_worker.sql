create or replace function ratchet_private.jobs_of_worker(p_worker_id integer) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  return array(
    select j.id from ratchet.jobs j where j.finished_at is null and j.worker_id = p_worker_id order by j.id);
end
$$;
comment on function ratchet_private.jobs_of_worker(integer) is 'The jobs that a worker holds, by id.';
