import { RatchetError } from "../errors/ratchetError.ts";
import { LetGo } from "./attempt.ts";

/** How long a handler may go on after its signal was aborted, before it is left to itself. */
const AFTER_ABORT_MS = 1000;

/** Runs a handler's code under a signal of its own. */
export type HandlerCall = (signal: AbortSignal) => unknown;

/**
 * Waits for a handler, its time-out, or the order to let go, whichever comes first. A handler that ignores its signal is
 * left running; nothing it does afterwards is written.
 * @param task its name, for the time-out's text.
 * @throws what the handler throws; RT119 on time-out; the {@link LetGo} that is the signal's reason.
 */
export async function runHandler(
  call: HandlerCall,
  {
    task,
    timeoutMs,
    signal,
  }: { readonly task: string; readonly timeoutMs: number | null; readonly signal: AbortSignal },
): Promise<unknown> {
  const controller = new AbortController();
  const { promise: cutOff, reject: cut } = Promise.withResolvers<never>();
  cutOff.catch(() => {});
  const timers: NodeJS.Timeout[] = [];

  function onAbort(): void {
    controller.abort(signal.reason);
    const grace = signal.reason instanceof LetGo && signal.reason.kind === "shutdown" ? AFTER_ABORT_MS : 0;
    timers.push(setTimeout(cut, grace, signal.reason));
  }
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  if (timeoutMs !== null) {
    timers.push(
      setTimeout(() => {
        const error = new RatchetError("RT119", `"${task}" took longer than its time-out of ${timeoutMs} ms.`);
        controller.abort(error);
        cut(error);
      }, timeoutMs),
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
    throw signal.aborted && !(error instanceof RatchetError && error.code === "RT119") ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const timer of timers) {
      clearTimeout(timer);
    }
  }
}
