import type { Turns } from "../turns.ts";

/** How many times as long as a snapshot took the stream rests after it: no stream keeps Postgres busy for over a quarter of the time. */
const REST_FACTOR = 3;

/** How a stream of snapshots is paced. */
export interface PaceOptions {
  /** Shared by all streams of the process. */
  readonly turns: Turns;
  /** Whose stream it is; each has a share of the turns. Default: nobody's. */
  readonly owner?: string | null;
  /** From the beginning of one snapshot to that of the next one, at least. */
  readonly intervalMs: number;
  /** The longest rest, and how long after a snapshot the next one is made although nothing was heard: an announcement can be lost. */
  readonly rereadMs: number;
}

/** When the next snapshot of one stream is made: the source of events that Grafast makes snapshots from. */
export interface Pace {
  /** One event a snapshot. Ends with {@link stop}. */
  readonly events: AsyncIterableIterator<null>;
  /** Something has changed; what is in the making does not count. */
  noteChange(): void;
  /** Somebody is there to take a snapshot. Without that none is made: changes in the meantime make one. */
  demand(): void;
  /** The snapshot is made; the next one waits by what it took. `pauseMs`: the next one is made that much later, changed or not. */
  noteMade(pauseMs?: number): void;
  /** No more snapshots. Safe to call twice. */
  stop(): void;
}

/** Creates the pace of a stream, whose first snapshot is due at once. */
export function createPace({ turns, owner, intervalMs, rereadMs }: PaceOptions): Pace {
  let isChanged = true;
  let isDemanded = false;
  let isStopped = false;
  let begunMs = 0;
  let earliestMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let endTurn: (() => void) | undefined;
  let asked: PromiseWithResolvers<IteratorResult<null>> | undefined;

  function schedule(): void {
    if (isStopped || asked === undefined || !isDemanded || endTurn !== undefined) {
      return;
    }
    clearTimeout(timer);
    const nowMs = performance.now();
    if (isChanged && nowMs >= earliestMs) {
      isChanged = false;
      endTurn = turns.take(begin, owner);
      return;
    }
    timer = setTimeout(
      () => {
        isChanged = true;
        schedule();
      },
      isChanged ? earliestMs - nowMs : rereadMs,
    );
  }

  function begin(): void {
    isDemanded = false;
    // What changed while the turn was awaited is in this snapshot.
    isChanged = false;
    begunMs = performance.now();
    const waiting = asked;
    asked = undefined;
    waiting?.resolve({ done: false, value: null });
  }

  function stop(): void {
    isStopped = true;
    clearTimeout(timer);
    endTurn?.();
    asked?.resolve({ done: true, value: undefined });
  }

  return {
    events: {
      [Symbol.asyncIterator]() {
        return this;
      },
      next() {
        if (isStopped) {
          return Promise.resolve({ done: true, value: undefined });
        }
        asked = Promise.withResolvers<IteratorResult<null>>();
        const { promise } = asked;
        schedule();
        return promise;
      },
      return() {
        stop();
        return Promise.resolve({ done: true, value: undefined });
      },
    },
    noteChange() {
      isChanged = true;
      schedule();
    },
    demand() {
      isDemanded = true;
      schedule();
    },
    noteMade(pauseMs) {
      endTurn?.();
      endTurn = undefined;
      const nowMs = performance.now();
      if (pauseMs === undefined) {
        earliestMs = Math.max(begunMs + intervalMs, nowMs + Math.min(REST_FACTOR * (nowMs - begunMs), rereadMs));
      } else {
        isChanged = true;
        earliestMs = nowMs + pauseMs;
      }
      schedule();
    },
    stop,
  };
}
