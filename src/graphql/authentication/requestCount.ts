/** How many requests each caller has. */
export interface RequestCount {
  /** Counts one more; returns what counts it no more (safe twice), or null if the caller has too many. */
  begin(caller: string): (() => void) | null;
}

/** Creates the count of requests that are being answered, `most` of one caller: the others are to have room too. */
export function createRequestCount(most: number): RequestCount {
  const counts = new Map<string, number>();
  return {
    begin(caller) {
      const count = counts.get(caller) ?? 0;
      if (count >= most) {
        return null;
      }
      counts.set(caller, count + 1);
      let isOver = false;
      return () => {
        if (isOver) {
          return;
        }
        isOver = true;
        const left = (counts.get(caller) ?? 0) - 1;
        if (left > 0) {
          counts.set(caller, left);
        } else {
          counts.delete(caller);
        }
      };
    },
  };
}
