-- security definer: it looks at graphile-worker's rows, on which nobody else has a right.
create or replace function ratchet.all_violations() returns table (job_id bigint, rule text, detail text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query select * from ratchet_private.find_violations('-infinity');
end
$$;
revoke all on function ratchet.all_violations() from public;
comment on function ratchet.all_violations() is 'Like the view violations, for all jobs however old.';
