import type pg from "pg";

/** How many workers gave a sign of life lately. */
export async function countLiveWorkers(db: Pick<pg.ClientBase, "query">): Promise<number> {
  const { rows } = await db.query<{ live: number }>(
    "select count(*)::integer as live from ratchet.workers w where ratchet_private.is_worker_live(w)",
  );
  return rows[0]?.live ?? 0;
}
