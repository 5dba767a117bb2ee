-- The same from psql, or whatever runs SQL: a product and the job that publishes it, in one transaction. After setup.sql:
--   psql postgres://listing_service:change%20me@127.0.0.1:5432/shop -f examples/services/products.sql

-- Something goes wrong after the job was queued: neither the product nor the job is there afterwards.
begin;
insert into products values ('JKT-SQL', 'Jacket', 129.9, 'EUR', '{jacket-front.png}');
select status as queued from ratchet.add_job('publish_listing',
  '{"sku": "JKT-SQL", "title": "Jacket", "price": 129.9, "currency": "EUR", "folder": "examples/products", "images": ["jacket-front.png"]}');
rollback;
select count(*) as products_after_rollback from products where sku = 'JKT-SQL';

-- All is well: both are there at once, and a worker takes the job. The payload comes from the row itself.
begin;
with product as (
  insert into products values
    ('JKT-SQL', 'Jacket', 129.9, 'EUR', '{jacket-front.png, jacket-back.png, jacket-zip.png}')
  returning *
)
select job.id, job.status as queued
from product,
  ratchet.add_job('publish_listing', to_jsonb(product) || '{"folder": "examples/products"}', job_key => 'listing:JKT-SQL') as job;
commit;

-- How it goes.
select id, status, next_attempt_at, finished_at from ratchet.jobs order by id desc limit 1;
