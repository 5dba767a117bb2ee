/** What {@link createMessageRate} takes. */
export interface MessageRateOptions {
  readonly perSecond: number;
  readonly atOnce: number;
  /** Tells a time in ms. Default: the clock that never jumps. */
  readonly now?: () => number;
}

/** Creates a count of one connection's messages that says of each whether it still may come: a bucket that refills. */
export function createMessageRate({ perSecond, atOnce, now = () => performance.now() }: MessageRateOptions): {
  readonly mayCome: () => boolean;
} {
  let left = atOnce;
  let countedAtMs = now();
  return {
    mayCome: () => {
      const timeMs = now();
      left = Math.min(atOnce, left + ((timeMs - countedAtMs) / 1000) * perSecond);
      countedAtMs = timeMs;
      left -= 1;
      return left >= 0;
    },
  };
}
