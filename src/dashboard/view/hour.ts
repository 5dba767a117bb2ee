/** How many jobs ended within some minutes, by how they ended. */
export interface Ends {
  readonly completed: number;
  readonly failedForGood: number;
  readonly cancelled: number;
}

/** The ends of five minutes. */
export interface Slice extends Ends {
  /** How long before now it began, in minutes. */
  readonly fromMinutes: number;
}

/** Length of a slice, in minutes. */
export const SLICE_MINUTES = 5;

/** The sum over all definitions. */
export function sumOf(stats: readonly Ends[]): Ends {
  const sum = { completed: 0, failedForGood: 0, cancelled: 0 };
  for (const { completed, failedForGood, cancelled } of stats) {
    sum.completed += completed;
    sum.failedForGood += failedForGood;
    sum.cancelled += cancelled;
  }
  return sum;
}

/**
 * The ends of each five minutes, oldest first, from the ends of the last 5, 10, 15 … minutes. Each of these was counted a
 * moment later than the one before, so a difference may come out below 0 and is then 0.
 */
export function slicesOf(upToNow: readonly Ends[]): Slice[] {
  return upToNow
    .map((ends, index) => {
      const later = upToNow[index - 1] ?? { completed: 0, failedForGood: 0, cancelled: 0 };
      return {
        fromMinutes: (index + 1) * SLICE_MINUTES,
        completed: Math.max(0, ends.completed - later.completed),
        failedForGood: Math.max(0, ends.failedForGood - later.failedForGood),
        cancelled: Math.max(0, ends.cancelled - later.cancelled),
      };
    })
    .toReversed();
}
