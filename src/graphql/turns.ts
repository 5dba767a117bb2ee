/** Lets a number of users at once through, the others after them in the order they came. */
export interface Turns {
  /**
   * Calls `begin` when it is its turn, at once if it can; returns what ends the turn, or the waiting for it. Safe twice.
   * Users with an owner wait while that one has its share of turns; null: nobody's.
   */
  take(begin: () => void, owner?: string | null): () => void;
}

interface Waiting {
  readonly owner: string | null;
  readonly start: () => void;
}

/** Creates turns for `most` users at once, `mostOfOwner` of them of one owner. */
export function createTurns(most: number, mostOfOwner: number = most): Turns {
  let free = most;
  const busy = new Map<string, number>();
  const waiting = new Set<Waiting>();

  function hasRoom(owner: string | null): boolean {
    return owner === null || (busy.get(owner) ?? 0) < mostOfOwner;
  }

  function count(owner: string | null, change: 1 | -1): void {
    free -= change;
    if (owner === null) {
      return;
    }
    const now = (busy.get(owner) ?? 0) + change;
    if (now === 0) {
      busy.delete(owner);
    } else {
      busy.set(owner, now);
    }
  }

  function pass(): void {
    for (const next of waiting) {
      if (free > 0 && hasRoom(next.owner)) {
        waiting.delete(next);
        next.start();
        return;
      }
    }
  }

  return {
    take(begin, owner = null) {
      let state: "waiting" | "busy" | "over" = "waiting";
      const own: Waiting = {
        owner,
        start: () => {
          state = "busy";
          count(owner, 1);
          begin();
        },
      };
      if (free > 0 && hasRoom(owner)) {
        own.start();
      } else {
        waiting.add(own);
      }
      return () => {
        const before = state;
        state = "over";
        waiting.delete(own);
        if (before === "busy") {
          count(owner, -1);
          pass();
        }
      };
    },
  };
}
