create or replace function ratchet_private.queue_of(p_tenant text, p_queue_name text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  -- The length says where a tenant's name ends. The default tenant's queues are called what they are called, unless that could
  -- be the name of another tenant's.
  v_queue constant text := case
    when p_tenant = 'default' and p_queue_name !~ '^([0-9]+:|#)' then p_queue_name
    else length(p_tenant) || ':' || p_tenant || ':' || p_queue_name end;
begin
  -- graphile-worker takes 128 characters.
  return case when length(v_queue) <= 128 then v_queue else '#' || md5(v_queue) end;
end
$$;
comment on function ratchet_private.queue_of(text, text) is 'What graphile-worker calls a tenant''s queue: two tenants may give their queues one name, and neither waits for a job or a transaction of the other.';
