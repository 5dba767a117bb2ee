import { LetGo } from "./attempt.ts";
import { type TimeLimit, setAlarm } from "./timeLimit.ts";

/** How long a handler may go on after its signal was aborted, before it is left to itself. */
export const AFTER_ABORT_MS = 1000;

/** Runs a handler's code; it is given what gives its own signal, made only if somebody asks for it. */
export type HandlerCall = (getSignal: () => AbortSignal) => unknown;

/**
 * Waits for a handler, its time-out, or the order to let go, whichever comes first. A handler that ignores its signal is
 * left running; nothing it does afterwards is written.
 * @param limit `null`: no time-out.
 * @throws what the handler throws; the limit's error on time-out; the {@link LetGo} that is the signal's reason.
 */
export async function runHandler(
  call: HandlerCall,
  { limit, signal }: { readonly limit: TimeLimit | null; readonly signal: AbortSignal },
): Promise<unknown> {
  signal.throwIfAborted();
  const own = createLateSignal();
  let timedOut: unknown;
  let cut: ((error: unknown) => void) | undefined;
  const takeBackAlarms: (() => void)[] = [];

  function onOrder(): void {
    own.abort(signal.reason);
    const grace = signal.reason instanceof LetGo && signal.reason.kind === "shutdown" ? AFTER_ABORT_MS : 0;
    takeBackAlarms.push(setAlarm(grace, () => cut?.(signal.reason)));
  }
  if (limit !== null) {
    takeBackAlarms.push(
      setAlarm(limit.ms, () => {
        timedOut = limit.error();
        own.abort(timedOut);
        cut?.(timedOut);
      }),
    );
  }

  try {
    const returned = call(own.get);
    if (!isThenable(returned)) {
      return returned;
    }
    return await new Promise((resolve, reject) => {
      cut = reject;
      if (signal.aborted) {
        onOrder();
      } else {
        signal.addEventListener("abort", onOrder);
      }
      Promise.resolve(returned).then(resolve).catch(reject);
    });
  } catch (error) {
    // Whatever a handler throws because it was told to stop is no failure of the task.
    throw signal.aborted && (timedOut === undefined || error !== timedOut) ? signal.reason : error;
  } finally {
    if (cut !== undefined) {
      signal.removeEventListener("abort", onOrder);
    }
    for (const takeBack of takeBackAlarms) {
      takeBack();
    }
  }
}

interface LateSignal {
  readonly get: () => AbortSignal;
  abort(reason: unknown): void;
}

/** A signal that costs nothing until somebody looks at it: most handlers never do. */
function createLateSignal(): LateSignal {
  let controller: AbortController | undefined;
  let aborted: { readonly reason: unknown } | undefined;
  return {
    get() {
      if (controller === undefined) {
        controller = new AbortController();
        if (aborted !== undefined) {
          controller.abort(aborted.reason);
        }
      }
      return controller.signal;
    },
    abort(reason) {
      // As with any signal, the first reason stays.
      aborted ??= { reason };
      controller?.abort(reason);
    },
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
