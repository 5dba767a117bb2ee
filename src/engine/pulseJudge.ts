import type { Death } from "../database/calls/workers.ts";

/** Without its lock a worker is dead after this silence; it gives three signs of life in that time. */
const SILENT_MS = 1500;
/** After this silence a worker is dead though a connection holds its lock: it is frozen, or cut off. */
const LONG_SILENT_MS = 15_000;
/**
 * A restart of Postgres frees all locks at once, and the first who is back must not bury all others. Who has given a sign of
 * life since then is back, too.
 */
const QUIET_AFTER_CONNECT_MS = 10_000;
/** Who did not look for so long was frozen itself, perhaps together with those it looks at. */
const LONGEST_GAP_MS = 5000;

interface Seen {
  readonly beatAt: string;
  readonly since: number;
  /** Whether it has given a sign of life while this observer was connected. */
  readonly isBack: boolean;
}

/** Judges which other workers are dead, by the clock of this process alone. */
export interface PulseJudge {
  /** Notes that the connection to Postgres is a new one. */
  noteConnected(): void;
  /** Notes the signs of life as they stand in the database now. */
  see(others: readonly (readonly [id: number, beatAt: string])[]): void;
  /** Those that are dead now, unless the database knows better: their sign of life must still be the same. */
  dead(): Death[];
  /** In how many ms the next one can be dead that is not yet; `null`: nobody is left. */
  nextInMs(): number | null;
}

/**
 * Creates a judge. Clocks of other machines and of the database do not matter: it counts for how long it has seen the same
 * sign of life.
 * @param now a clock in ms that never goes back.
 */
export function createPulseJudge(now: () => number = () => performance.now()): PulseJudge {
  let seen = new Map<number, Seen>();
  let hasLooked = false;
  let lookedAt = -Infinity;
  let quietUntil = Infinity;

  function judgedFrom({ since, isBack }: Seen): number {
    return isBack ? since + SILENT_MS : Math.max(since + SILENT_MS, quietUntil);
  }

  return {
    noteConnected() {
      seen = new Map();
      hasLooked = false;
      quietUntil = now() + QUIET_AFTER_CONNECT_MS;
      lookedAt = now();
    },
    see(others) {
      const at = now();
      const wasAway = at - lookedAt > LONGEST_GAP_MS;
      lookedAt = at;
      seen = new Map(
        others.map(([id, beatAt]) => {
          const before = seen.get(id);
          const isSame = before?.beatAt === beatAt;
          if (isSame && !wasAway) {
            return [id, before];
          }
          return [id, { beatAt, since: at, isBack: hasLooked && (!isSame || before.isBack) }];
        }),
      );
      hasLooked = true;
    },
    dead() {
      const at = now();
      if (at - lookedAt > LONGEST_GAP_MS) {
        return [];
      }
      return [...seen]
        .filter(([, other]) => at >= judgedFrom(other))
        .map(([deadId, { beatAt, since }]) => ({ deadId, beatAt, isSilent: at - since >= LONG_SILENT_MS }));
    },
    nextInMs() {
      const at = now();
      const times = Array.from(seen.values(), (other) => judgedFrom(other) - at);
      const ahead = times.filter((inMs) => inMs > 0);
      return ahead.length === 0 ? null : Math.min(...ahead);
    },
  };
}
