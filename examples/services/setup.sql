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
grant ratchet_enqueuer to listing_service;
select ratchet.allow_login('listing_service', 'default');

-- Leave this out if the service need not know how the jobs of its tenant go.
grant ratchet_viewer to listing_service;
