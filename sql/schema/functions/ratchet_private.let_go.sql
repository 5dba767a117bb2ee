create or replace function ratchet_private.let_go(p_job_id bigint) returns void
language plpgsql volatile set search_path = '' as $$
declare
  v_fence integer;
begin
  update ratchet.jobs j set worker_id = null, fence = j.fence + 1 where j.id = p_job_id returning j.fence into v_fence;
  update ratchet.tasks t set
    fence = v_fence, stop_after = false,
    status = case t.status when 'RUNNING' then 'PENDING' else t.status end,
    started_at = case when t.status <> 'RUNNING' then t.started_at end,
    progress = null
    where t.job_id = p_job_id and t.position = ratchet_private.first_unfinished(p_job_id);
end
$$;
comment on function ratchet_private.let_go(bigint) is 'Takes a locked job from its worker: raises the fence, and a RUNNING task is PENDING again. No try is counted.';
