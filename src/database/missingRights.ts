import type pg from "pg";

import { RatchetError } from "../errors/ratchetError.ts";
import { renameSchemas, schemasOf } from "./schemaNames.ts";

/** Throws RT103, with the grant to make, if one of the schemas is absent and the role may not create it. */
export async function requireCreateRight(client: pg.ClientBase, schemas: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ missing: string[]; role: string; database: string; grant: string }>(
    `select coalesce(array_agg(wanted.name), '{}') as missing,
            current_user as role,
            current_database() as database,
            format('grant create on database %I to %I;', current_database(), current_user) as grant
       from unnest($1::text[]) as wanted (name)
      where not exists (select from pg_catalog.pg_namespace where nspname = wanted.name)
        and not has_database_privilege(current_database(), 'CREATE')`,
    [schemas],
  );
  const [found] = rows;
  if (found !== undefined && found.missing.length > 0) {
    throw new RatchetError(
      "RT103",
      `Role "${found.role}" lacks the right CREATE on database "${found.database}", needed to create the schema ${found.missing.join(", ")}.`,
      { hint: `As the database's owner run: ${found.grant} Or connect as a role that has this right.` },
    );
  }
}

/** Adds to an RT103 who the role is and who owns Ratchet's schema. Other errors come back unchanged. */
export async function explainMissingRight(client: pg.ClientBase, error: unknown): Promise<unknown> {
  if (!(error instanceof RatchetError) || error.code !== "RT103" || error.cause === undefined) {
    return error;
  }
  try {
    const { rows } = await client.query<{ role: string; owners: string | null }>(
      `select current_user as role,
              (select string_agg(nspname || ': ' || nspowner::regrole, ', ' order by nspname)
                 from pg_catalog.pg_namespace
                where nspname in ('graphile_worker', 'ratchet', 'ratchet_private')) as owners`,
    );
    const [found] = rows;
    return new RatchetError("RT103", `${error.message} The role is "${found?.role}".`, {
      detail: `Owners of the schemas: ${found?.owners ?? "none of the schemas exists"}.`,
      hint: renameSchemas(
        "Migrate with the role that owns the schemas ratchet, ratchet_private and graphile_worker, or with a member of it.",
        schemasOf(client),
      ),
      cause: error.cause,
    });
  } catch {
    // The connection is gone or in a failed state; the original error says enough.
    return error;
  }
}
