import type pg from "pg";

/** Whatever runs a statement: a pool, or a client inside somebody's transaction. */
export type Queryable = Pick<pg.ClientBase, "query">;

/** The first row of an answer that always has one. */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) {
    throw new Error("Postgres returned no row where there is always one");
  }
  return row;
}
