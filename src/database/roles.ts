import { MIGRATION_LOCK_TIMEOUT_MS } from "./blockedMigration.ts";
import type { Queryable } from "./calls/queryable.ts";

// Superusers may act as every role. Whoever creates a role in Postgres 16 and later is an administrator of it that may not
// act as it, which the server has to. `to_jsonb`, because older versions have no such column.
const MISSING_ROLES = `
  select format('create role %I nologin;', wanted.role) as command
    from unnest(array['ratchet_enqueuer', 'ratchet_viewer', 'ratchet_operator', 'ratchet_admin']) as wanted (role)
   where not exists (select from pg_catalog.pg_roles where rolname = wanted.role)
  union all
  select format('grant %I to %I;', wanted.role, wanted.member)
    from (values
      ('ratchet_enqueuer', 'ratchet_operator'), ('ratchet_viewer', 'ratchet_operator'), ('ratchet_operator', 'ratchet_admin'),
      ('ratchet_admin', (select rolname::text from pg_catalog.pg_roles where rolname = current_user and not rolsuper))
    ) as wanted (role, member)
   where wanted.member is not null and not exists (
     select from pg_catalog.pg_auth_members as given
       join pg_catalog.pg_roles as role_found on role_found.oid = given.roleid
       join pg_catalog.pg_roles as member_found on member_found.oid = given.member
      where role_found.rolname = wanted.role and member_found.rolname = wanted.member
        and coalesce(to_jsonb(given) ->> 'set_option', 'true') = 'true')`;

/**
 * Creates the group roles that are missing, as far as the role of the session may. Two that do it at once are in nobody's
 * way: roles belong to the whole server.
 */
export const CREATE_ROLES = `do $create_roles$
declare
  v_command text;
begin
  for v_command in ${MISSING_ROLES} loop
    begin
      execute v_command;
    exception when insufficient_privilege or duplicate_object or undefined_object or unique_violation then
      -- Left to whoever may, or done by another migration.
      null;
    end;
  end loop;
end
$create_roles$`;

/** What has to be run, by somebody who may, for all group roles to be there; empty if they are. */
export async function missingRoleCommands(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ command: string }>(MISSING_ROLES);
  return rows.map(({ command }) => command);
}

/**
 * Grants the group roles what they may do.
 * @param options.onlyIfMissing do nothing where they have been granted it, are not there, or are not ours to grant to.
 */
export async function grantRights(db: Queryable, { onlyIfMissing = false } = {}): Promise<void> {
  const { rows } = await db.query<{ exists: boolean; missing: boolean }>(
    `select
       exists (
         select from pg_catalog.pg_proc as function_found
          where function_found.proname = 'grant_rights' and function_found.pronamespace = schema_found.oid
       ) as exists,
       pg_has_role(current_user, schema_found.nspowner, 'usage') and exists (
         select from pg_catalog.pg_roles as role_found
          where role_found.rolname = 'ratchet_viewer' and not has_schema_privilege(role_found.oid, 'ratchet', 'usage')
       ) as missing
       from pg_catalog.pg_namespace as schema_found where schema_found.nspname = 'ratchet_private'`,
  );
  if (rows[0]?.exists === true && (rows[0].missing || !onlyIfMissing)) {
    await db.query(`set local lock_timeout = ${MIGRATION_LOCK_TIMEOUT_MS}; select ratchet_private.grant_rights()`);
  }
}
