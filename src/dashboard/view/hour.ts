/** How the jobs of one stretch of time ended. */
export interface Bucket {
  readonly startedAt: string;
  readonly completed: number;
  readonly failedForGood: number;
  readonly cancelled: number;
}

/** The smallest of 2, 4, 10, 20, 40, 100 … that is not below `most`: halves of these are whole, too. */
export function niceCeiling(most: number): number {
  for (let power = 1; ; power *= 10) {
    for (const step of [2, 4, 10]) {
      if (step * power >= most) {
        return step * power;
      }
    }
  }
}

/** When a bucket ends: where the next one begins. */
export function endOf(buckets: readonly Bucket[], index: number): string {
  const startMs = (at: number): number => Date.parse(buckets[at]?.startedAt ?? "");
  const next = buckets[index + 1];
  if (next !== undefined) {
    return next.startedAt;
  }
  const widthMs = buckets.length > 1 ? startMs(index) - startMs(index - 1) : 60_000;
  return new Date(startMs(index) + widthMs).toISOString();
}
