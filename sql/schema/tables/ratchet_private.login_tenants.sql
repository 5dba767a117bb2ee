comment on table ratchet_private.login_tenants is 'Whose jobs a login of Postgres may see and act on. Logins that stand nowhere here have no tenant.';
