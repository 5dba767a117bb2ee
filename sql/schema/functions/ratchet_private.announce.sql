create or replace function ratchet_private.announce(p_job_ids bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  perform pg_notify(
    ratchet_private.announcement_channel(j.tenant),
    -- Four more bytes an id: quotes, comma, space.
    case when sum(length(j.id::text) + 4) > 7000 then '{"many":true}' else json_build_object('jobs', json_agg(j.id::text))::text end
  )
  from ratchet.jobs j where j.id = any (p_job_ids)
  group by grouping sets ((j.tenant), ()) having count(*) > 0;
end
$$;
comment on function ratchet_private.announce(bigint[]) is 'Tells listeners of each tenant, and those of all tenants, which jobs changed; a list over 7,000 bytes becomes "many". Never called inside the engine''s own transactions, because NOTIFY makes all commits queue up.';
