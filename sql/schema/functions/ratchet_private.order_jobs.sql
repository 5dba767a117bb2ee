create or replace function ratchet_private.order_jobs(
  p_action text, p_filter ratchet_private.job_filter, p_after bigint, p_max_jobs integer, p_dry_run boolean, p_reason text
) returns ratchet.orders_outcome
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  c_most_jobs constant integer := 1000;
  c_most_ids constant integer := 10000;
  c_most_searched constant integer := 20000;
  v_filter ratchet_private.job_filter := p_filter;
  v_rest ratchet_private.job_filter;
  v_outcome ratchet.orders_outcome := row(0, 0, 0, '{}', null);
  v_refusals jsonb := '{}';
  v_ids bigint[];
  v_id bigint;
  v_code text;
  v_message text;
  v_hint text;
begin
  if p_filter is not distinct from row(null, null, null, null, null, null, null, null, null, null)::ratchet_private.job_filter then
    raise exception using
      errcode = 'RT006', message = format('Which jobs to %s is not said.', p_action),
      hint = 'Give at least one of ids, identifier, status, tenant, search or a time; status alone may name all of them. Nothing was changed.';
  elsif p_max_jobs is null or p_max_jobs not between 1 and c_most_jobs then
    raise exception using
      errcode = 'RT006', message = format('max_jobs must be from 1 to %s and is %s.', c_most_jobs, coalesce(p_max_jobs::text, 'null')),
      hint = 'Call again with after => next_after for the jobs after these. Nothing was changed.';
  elsif cardinality(p_filter.ids) > c_most_ids then
    raise exception using
      errcode = 'RT006', message = format('ids holds %s ids; %s are the most.', cardinality(p_filter.ids), c_most_ids),
      hint = 'Give them in several calls. Nothing was changed.';
  end if;

  -- Whoever names the jobs is told of each why it cannot be; a search leaves such jobs out from the start.
  if p_filter.ids is null then
    v_filter.is_final := p_action = 'retry';
    if p_action = 'retry' then
      v_filter.status := coalesce(p_filter.status, '{FAILED}');
    end if;
  end if;
  -- A search of the newest only would reach further down with each slice, to jobs that were not counted.
  if p_filter.search is not null then
    v_rest := v_filter;
    v_rest.search := null;
    v_filter.ids := array(select p from ratchet_private.pick_jobs(v_rest, coalesce(p_after, 0), c_most_searched + 1) p);
    if cardinality(v_filter.ids) > c_most_searched then
      raise exception using
        errcode = 'RT006', message = format('More than %s jobs match what is given beside search.', c_most_searched),
        hint = 'Narrow by identifier, status, tenant or a time: an order looks for a text in so many jobs at most. Nothing was changed.';
    end if;
  end if;
  if p_dry_run then
    v_outcome.matched := (select count(*) from ratchet_private.pick_jobs(v_filter, coalesce(p_after, 0), null));
    return v_outcome;
  end if;

  v_ids := array(select p from ratchet_private.pick_jobs(v_filter, coalesce(p_after, 0), p_max_jobs) p);
  -- In order of their ids, so that two such orders do not wait for one another.
  foreach v_id in array v_ids loop
    begin
      case p_action
        when 'cancel' then perform ratchet.cancel_job(v_id, p_reason);
        when 'retry' then perform ratchet.retry_job(v_id, null, p_reason);
      end case;
      v_outcome.done := v_outcome.done + 1;
    exception when others then
      if sqlstate not like 'RT%' then
        raise;
      end if;
      get stacked diagnostics v_code = returned_sqlstate, v_message = message_text, v_hint = pg_exception_hint;
      v_outcome.refused := v_outcome.refused + 1;
      v_refusals := v_refusals || jsonb_build_object(v_code,
        coalesce(v_refusals -> v_code, jsonb_build_object('code', v_code, 'first_job_id', v_id, 'message', v_message, 'hint', v_hint))
          || jsonb_build_object('jobs', coalesce((v_refusals -> v_code -> 'jobs')::integer, 0) + 1));
    end;
  end loop;
  v_outcome.matched := cardinality(v_ids);
  v_outcome.refusals := array(
    select jsonb_populate_record(null::ratchet.orders_refusal, r.value) from jsonb_each(v_refusals) r order by r.key);
  v_outcome.next_after := case when cardinality(v_ids) = p_max_jobs then v_ids[p_max_jobs] end;
  return v_outcome;
end
$$;
comment on function ratchet_private.order_jobs(text, ratchet_private.job_filter, bigint, integer, boolean, text) is 'Gives an order, cancel or retry, to each of so many jobs that match, in one transaction. One that refuses it is counted and stays as it is; the others take it all the same.';
