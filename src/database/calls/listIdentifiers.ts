import type pg from "pg";

/** The identifiers of all registered definitions, in order. */
export async function listIdentifiers(db: Pick<pg.ClientBase, "query">): Promise<string[]> {
  const { rows } = await db.query<{ identifier: string }>(
    "select distinct identifier from ratchet.definitions order by identifier",
  );
  return rows.map((row) => row.identifier);
}
