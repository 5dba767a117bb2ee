create or replace function ratchet_private.describe_span(p_span interval) returns text
language plpgsql immutable strict set search_path = pg_catalog, pg_temp as $$
declare
  v_seconds double precision := greatest(extract(epoch from p_span), 0);
begin
  return case
    when v_seconds < 120 then trim_scale(round(v_seconds::numeric, 1)) || ' s'
    when v_seconds < 7200 then round(v_seconds / 60) || ' min'
    when v_seconds < 172800 then round(v_seconds / 3600) || ' h'
    else round(v_seconds / 86400) || ' days'
  end;
end
$$;
comment on function ratchet_private.describe_span(interval) is 'A duration as people say it: 2.4 s, 5 min, 3 h.';
