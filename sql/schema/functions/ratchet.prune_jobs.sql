-- security definer: whoever may prune needs no right on the tables.
create or replace function ratchet.prune_jobs(max_jobs integer default 1000) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_ids bigint[];
  v_held bigint[];
  v_mark text;
begin
  v_ids := array(select p from ratchet_private.prunable_jobs(greatest(coalesce(max_jobs, 1000), 0)) p);
  -- Tasks, then jobs: the order of every writer. Whoever holds a row of a job, in an order to try it again for instance, keeps it.
  with free as (
    select t.job_id from ratchet.tasks t where t.job_id = any (v_ids) order by t.job_id, t.position for update skip locked
  )
  -- Counted, not joined: the join that is left to us here is quadratic.
  select array_agg(c.job_id) into v_held from (
    select c.job_id from (
      select t.job_id, 1 as n from ratchet.tasks t where t.job_id = any (v_ids)
      union all
      select f.job_id, -1 from free f
    ) c group by c.job_id having sum(c.n) <> 0
  ) c;
  v_ids := array(
    select j.id from ratchet.jobs j
    where j.id = any (v_ids) and j.id <> all (coalesce(v_held, '{}')) and j.finished_at <= v_now
    order by j.id for update skip locked
  );
  v_mark := ratchet_private.begin_engine_change('order');
  delete from ratchet.task_failures f where f.job_id = any (v_ids);
  delete from ratchet.tasks t where t.job_id = any (v_ids);
  delete from ratchet.jobs j where j.id = any (v_ids);
  perform ratchet_private.end_engine_change(v_mark);
  delete from ratchet.workers w where w.id = any (array(
    select s.id from ratchet.workers s where s.stopped_at < v_now - interval '90 days' for update skip locked));
  return cardinality(v_ids);
end
$$;
revoke all on function ratchet.prune_jobs(integer) from public;
comment on function ratchet.prune_jobs(integer) is 'Deletes at most so many finished jobs, with their tasks and failures, that are kept no longer: 30 days after COMPLETED, 90 days after FAILED or CANCELLED, or as their definition says. Returns how many; passes over those that somebody holds. Workers call it by themselves. Workers that stopped 90 days ago are forgotten, too.';
