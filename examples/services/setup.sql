-- What the other files of this folder need. Run it once, as the owner of the database:
--   psql "$DATABASE_URL" -f examples/services/setup.sql
--   npm run ratchet -- sql - < examples/services/setup.sql      (where there is no psql)

-- A business table, as any service has one.
create table products (
  sku text primary key,
  title text not null,
  price numeric not null,
  currency text not null,
  images text[] not null
);

-- The service's login. It may add products and queue jobs, and nothing else.
create role listing_service login password 'change me';
grant select, insert on products to listing_service;
grant usage on schema ratchet to listing_service;
grant execute on function ratchet.add_job to listing_service;

-- Leave this out if the service need not know how its jobs go. Payloads, results and keys of others stay unseen.
grant select (id, identifier, status, next_attempt_at, finished_at) on ratchet.jobs to listing_service;
