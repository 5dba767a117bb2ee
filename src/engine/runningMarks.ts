import type { RunningMark } from "../database/calls/checkpoints.ts";

/** A task that runs shorter than this is never written as RUNNING: the mark costs as much as its end. Promised: 100 ms. */
const UNTIL_MARKED_MS = 50;

/** Marks of one lane that wait to be written: at most one a job. */
export interface MarkStore {
  /** Notes a mark in place of the job's earlier one. */
  put(mark: RunningMark): void;
  /** The task has ended: its end says it all. */
  remove(jobId: string): void;
  /** Takes out at most `most` marks whose tasks have run long enough. */
  takeDue(most: number): RunningMark[];
  clear(): void;
}

/**
 * Creates a store.
 * @param onDue is called when marks have become due; one timer serves all of them.
 */
export function createMarkStore(onDue: () => void): MarkStore {
  // In the order of dueAt, because every mark waits equally long and a later word on the same task keeps its place.
  const waiting = new Map<string, { readonly mark: RunningMark; readonly startedAt: number; readonly dueAt: number }>();
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    const [first] = waiting.values();
    if (timer !== undefined || first === undefined) {
      return;
    }
    timer = setTimeout(
      () => {
        timer = undefined;
        onDue();
        schedule();
      },
      Math.max(first.dueAt - performance.now(), 1),
    );
  }

  return {
    put(mark) {
      const now = performance.now();
      const dueAt = waiting.get(mark.jobId)?.dueAt ?? now + UNTIL_MARKED_MS;
      waiting.set(mark.jobId, { mark, startedAt: now - mark.elapsedMs, dueAt });
      schedule();
    },
    remove(jobId) {
      waiting.delete(jobId);
    },
    takeDue(most) {
      const due: RunningMark[] = [];
      const now = performance.now();
      for (const [jobId, { mark, startedAt, dueAt }] of waiting) {
        if (dueAt > now || due.length >= most) {
          break;
        }
        waiting.delete(jobId);
        due.push({ ...mark, elapsedMs: now - startedAt });
      }
      return due;
    },
    clear() {
      clearTimeout(timer);
      timer = undefined;
      waiting.clear();
    },
  };
}
