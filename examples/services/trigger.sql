-- A trigger that queues `publish_listing` for each product that anybody inserts, in the same transaction. Run it as the
-- owner of the database, after setup.sql. What inserts products need know nothing of Ratchet and needs no right on it; its login has a tenant
-- (allow_login), which the jobs are of.

-- security definer: the function queues with its owner's rights, whoever inserts. Once a statement, not once a row: an
-- import of 10,000 products is one call.
create function queue_listings() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform ratchet.add_jobs(jsonb_agg(jsonb_build_object(
    'identifier', 'publish_listing',
    'payload', to_jsonb(p) || '{"folder": "examples/products"}',
    'job_key', 'listing:' || p.sku
  ))) from inserted p having count(*) > 0;
  return null;
end
$$;

create trigger products_are_listed after insert on products
  referencing new table as inserted
  for each statement execute function queue_listings();

-- Try it: two products, two jobs.
insert into products values
  ('JKT-1', 'Jacket', 129.9, 'EUR', '{jacket-front.png, jacket-back.png, jacket-zip.png}'),
  ('JKT-2', 'Light jacket', 89, 'EUR', '{jacket-front.png}');
select id, identifier, status, payload ->> 'sku' as sku from ratchet.jobs order by id desc limit 2;
