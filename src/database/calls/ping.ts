import type { Queryable } from "./queryable.ts";

/** Resolves if the database answers. */
export async function ping(db: Queryable): Promise<void> {
  await db.query("select 1");
}
