import { setTimeout as delay } from "node:timers/promises";

import type { Laboratory } from "./laboratory.ts";
import type { Session, Standing } from "./session.ts";

/** A session with an open transaction. */
export interface Running {
  readonly session: Session;
  /** Committed as soon as it returns. */
  readonly isShort: boolean;
}

/** How a call stands when nothing moves any more; `committed` for a short one that has returned. */
export type Settled =
  | Standing
  | { readonly at: "committed"; readonly rows: Extract<Standing, { at: "returned" }>["rows"] };

/** The code a deadlock's victim fails with. */
export const DEADLOCK = "40P01";

/**
 * Waits until every session stands at a pause, has returned, or waits for a lock of one that does. What has failed is rolled
 * back, what is short is committed; both may let others go on. Sessions that wait for each other in a circle: the one that
 * came last fails, as with a deadlock in Postgres.
 */
export async function settle(lab: Laboratory, running: readonly Running[]): Promise<Map<Session, Settled>> {
  const settled = new Map<Session, Settled>();
  for (;;) {
    if (await endWhatHasEnded(running, settled)) {
      continue;
    }
    const waiting = running.filter(({ session }) => !settled.has(session) && session.standing() === undefined);
    if (waiting.length === 0) {
      break;
    }
    const sessions = waiting.map(({ session }) => session);
    if (running.length === 1) {
      await sessions[0]?.next();
      continue;
    }
    const blockers = await lab.blockers(sessions);
    const going = sessions.filter((session) => !blockers.has(session));
    if (going.length > 0) {
      await Promise.race([delay(1), ...going.map((session) => session.next())]);
      continue;
    }
    const victim = sessions.findLast((session) => waitsForItself(session, blockers));
    if (victim === undefined) {
      for (const session of sessions) {
        settled.set(session, { at: "blocked" });
      }
      break;
    }
    await victim.rollBack();
    settled.set(victim, { at: "failed", code: DEADLOCK, message: "deadlock detected" });
    for (const [session, standing] of settled) {
      if (standing.at === "blocked") {
        settled.delete(session);
      }
    }
  }
  for (const { session } of running) {
    const standing = session.standing();
    if (!settled.has(session) && standing !== undefined) {
      settled.set(session, standing);
    }
  }
  return settled;
}

async function endWhatHasEnded(running: readonly Running[], settled: Map<Session, Settled>): Promise<boolean> {
  for (const { session, isShort } of running) {
    const standing = settled.has(session) ? undefined : session.standing();
    if (standing?.at === "failed") {
      await session.rollBack();
      settled.set(session, standing);
      return true;
    }
    if (standing?.at === "returned" && isShort) {
      await session.commit();
      settled.set(session, { at: "committed", rows: standing.rows });
      return true;
    }
  }
  return false;
}

function waitsForItself(session: Session, blockers: ReadonlyMap<Session, readonly Session[]>): boolean {
  const seen = new Set<Session>();
  const next = [...(blockers.get(session) ?? [])];
  for (let other = next.pop(); other !== undefined; other = next.pop()) {
    if (other === session) {
      return true;
    }
    if (!seen.has(other)) {
      seen.add(other);
      next.push(...(blockers.get(other) ?? []));
    }
  }
  return false;
}
