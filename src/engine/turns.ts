/** Lets a number of users at once through, the others after them in the order they came. */
export interface Turns {
  /**
   * Waits for a turn; the returned function ends it, and is safe to call twice.
   * @throws the signal's reason when it is aborted meanwhile.
   */
  take(signal: AbortSignal): Promise<() => void>;
}

/** Makes turns for `most` users at once. */
export function createTurns(most: number): Turns {
  let free = most;
  const waiting = new Set<() => void>();

  function end(): void {
    const [wake] = waiting;
    if (wake === undefined) {
      free++;
    } else {
      waiting.delete(wake);
      wake();
    }
  }

  async function wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<null>();
    const wake = (): void => {
      resolve(null);
    };
    const abort = (): void => {
      waiting.delete(wake);
      reject(signal.reason);
    };
    waiting.add(wake);
    signal.addEventListener("abort", abort, { once: true });
    await promise.finally(() => {
      signal.removeEventListener("abort", abort);
    });
  }

  return {
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free--;
      } else {
        await wait(signal);
      }
      let isOver = false;
      return () => {
        if (!isOver) {
          isOver = true;
          end();
        }
      };
    },
  };
}
