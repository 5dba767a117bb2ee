import { type Queryable, onlyRow } from "./queryable.ts";

/**
 * The JSON Schema of a definition's payload, as text; `null` if none is stored, the definition is unknown, or this role may not
 * read definitions. Never fails for lack of rights, which would end the transaction `db` may be in.
 */
export async function readPayloadSchema(db: Queryable, identifier: string): Promise<string | null> {
  const { rows: rights } = await db.query<{ allowed: string }>(
    "select pg_catalog.has_table_privilege('ratchet.definitions', 'select')::text as allowed",
  );
  if (onlyRow(rights).allowed !== "true") {
    return null;
  }
  const { rows } = await db.query<{ schema: string | null }>(
    `select d.payload_schema::text as schema from ratchet.definitions d
     where d.identifier = $1::text order by d.current_since desc, d.version limit 1`,
    [identifier],
  );
  return rows[0]?.schema ?? null;
}
