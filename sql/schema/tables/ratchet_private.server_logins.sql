comment on table ratchet_private.server_logins is 'Logins of GraphQL servers: they have verified a token, so that what they say about tenant and subject is believed.';
