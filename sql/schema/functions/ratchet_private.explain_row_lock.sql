create or replace function ratchet_private.explain_row_lock(p_job_id bigint, p_sees_all boolean) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_holder record;
begin
  -- Whoever locks or changes a row stands in its xmax. Looked up, never tried: a try would itself be in a worker's way.
  select l.pid, a.application_name, greatest(clock_timestamp() - a.xact_start, interval '0') as since into v_holder
    from (
      select j.xmax as holder from ratchet.jobs j where j.id = p_job_id
      union
      select t.xmax from ratchet.tasks t where t.job_id = p_job_id
    ) x
    join pg_catalog.pg_locks l on l.locktype = 'transactionid' and l.granted and l.mode = 'ExclusiveLock' and l.transactionid = x.holder
    left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.pid <> pg_backend_pid() and (a.xact_start is null or a.xact_start < clock_timestamp() - interval '2 seconds')
    limit 1;
  if not found then
    return null;
  end if;
  if not p_sees_all then
    return 'An open transaction has locked its rows: no worker can take it before that ends.';
  end if;
  return format('An open transaction has locked its rows%s: no worker can take it before that ends. It belongs to Postgres process %s%s; if nobody ends it there, select pg_terminate_backend(%2$s);',
    coalesce(' for ' || ratchet_private.describe_span(v_holder.since), ''), v_holder.pid,
    coalesce(' (' || nullif(v_holder.application_name, '') || ')', ''));
end
$$;
comment on function ratchet_private.explain_row_lock(bigint, boolean) is 'Which transaction that goes on has locked rows of a job, as a sentence; null if none has. p_sees_all: whether the caller may know of processes.';
