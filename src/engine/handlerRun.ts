import { LetGo } from "./attempt.ts";
import { type TimeLimit, setAlarm } from "./timeLimit.ts";

/** How long a handler may go on after its signal was aborted, before it is left to itself. */
export const AFTER_ABORT_MS = 1000;

/** Runs a handler's code under a signal of its own. */
export type HandlerCall = (signal: AbortSignal) => unknown;

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
  const controller = new AbortController();
  const { promise: cutOff, reject: cut } = Promise.withResolvers<never>();
  cutOff.catch(() => {});
  let timedOut: unknown;
  const takeBackAlarms: (() => void)[] = [];

  function onAbort(): void {
    controller.abort(signal.reason);
    const grace = signal.reason instanceof LetGo && signal.reason.kind === "shutdown" ? AFTER_ABORT_MS : 0;
    takeBackAlarms.push(
      setAlarm(grace, () => {
        cut(signal.reason);
      }),
    );
  }
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  if (limit !== null) {
    takeBackAlarms.push(
      setAlarm(limit.ms, () => {
        timedOut = limit.error();
        controller.abort(timedOut);
        cut(timedOut);
      }),
    );
  }

  try {
    const running = new Promise((resolve) => {
      resolve(call(controller.signal));
    });
    running.catch(() => {});
    return await Promise.race([running, cutOff]);
  } catch (error) {
    // Whatever a handler throws because it was told to stop is no failure of the task.
    throw signal.aborted && (timedOut === undefined || error !== timedOut) ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const takeBack of takeBackAlarms) {
      takeBack();
    }
  }
}
