/** Lets a number of users at once through, the others after them in the order they came. */
export interface Turns {
  /** Calls `begin` when it is its turn, at once if it can; returns what ends the turn, or the waiting for it. Safe twice. */
  take(begin: () => void): () => void;
}

/** Creates turns for `most` users at once. */
export function createTurns(most: number): Turns {
  let free = most;
  const waiting = new Set<() => void>();

  function pass(): void {
    const [start] = waiting;
    if (start === undefined) {
      free++;
    } else {
      waiting.delete(start);
      start();
    }
  }

  return {
    take(begin) {
      let state: "waiting" | "busy" | "over" = "waiting";
      const start = (): void => {
        state = "busy";
        begin();
      };
      if (free > 0) {
        free--;
        start();
      } else {
        waiting.add(start);
      }
      return () => {
        const before = state;
        state = "over";
        waiting.delete(start);
        if (before === "busy") {
          pass();
        }
      };
    },
  };
}
