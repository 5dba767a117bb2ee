/** For how long wake-ups of other versions are left to other workers, before it is tried whether there still are any. */
const LEFT_MS = 60_000;

/** What one run of graphile-worker's leaves to other workers. */
export interface LeftToOthers {
  /** Whether this run has one. */
  readonly hasLocalQueue: boolean;
  /** What no fetch may take; graphile-worker asks before each. */
  forbiddenFlags(): string[] | null;
  /** The run fetches nothing more. */
  end(): void;
}

/**
 * Decides how a run fetches: the local queue cannot leave flagged wake-ups alone, so while there are any, each job is a fetch
 * of its own.
 * @param passedOn flags of wake-ups that are left to other workers; the engine adds to it.
 * @param onOtherWay is told, once, when the run is to make room for one that fetches in the other way.
 */
export function leaveToOthers(passedOn: Set<string>, onOtherWay: () => void): LeftToOthers {
  const hasLocalQueue = passedOn.size === 0;
  let isEnded = false;

  function end(): void {
    isEnded = true;
    clearTimeout(timer);
  }

  function change(): void {
    if (!isEnded) {
      end();
      onOtherWay();
    }
  }

  function tryTogether(): void {
    passedOn.clear();
    change();
  }
  const timer = hasLocalQueue ? undefined : setTimeout(tryTogether, LEFT_MS);
  timer?.unref();

  return {
    hasLocalQueue,
    forbiddenFlags() {
      if (hasLocalQueue && passedOn.size > 0) {
        change();
      }
      return passedOn.size === 0 ? null : [...passedOn];
    },
    end,
  };
}
