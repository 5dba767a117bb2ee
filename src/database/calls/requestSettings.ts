import pg from "pg";
import type { Queryable } from "./queryable.ts";

/** Begins a transaction with settings that end with it, in one round trip. Their values come from whoever asks. */
export async function beginWith(db: Queryable, settings: Readonly<Record<string, string>>): Promise<void> {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, true)`,
  );
  await db.query(`begin; select ${calls.join(", ")}`);
}
