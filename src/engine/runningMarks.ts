import type { RunningMark } from "../database/calls/checkpoints.ts";

/** A task that runs shorter than this is never written as RUNNING: the mark costs as much as its end. Promised: 100 ms. */
const UNTIL_MARKED_MS = 50;

/** A mark, and who wants to know that a newer fence stands on its task. */
export interface NotedMark {
  readonly mark: RunningMark;
  readonly onRefused: () => void;
}

/** Marks of one lane that wait to be written: at most one a job. */
export interface MarkStore {
  /** Notes a mark in place of the job's earlier one. */
  put(noted: NotedMark): void;
  /** The task has ended: its end says it all. */
  remove(jobId: string): void;
  /** Takes out at most `most` marks whose tasks have run long enough. */
  takeDue(most: number): NotedMark[];
  clear(): void;
}

interface WaitingMark extends NotedMark {
  readonly startedAt: number;
  readonly dueAt: number;
}

/**
 * Creates a store.
 * @param onDue is called when marks have become due; one timer serves all of them.
 */
export function createMarkStore(onDue: () => void): MarkStore {
  // In the order of dueAt, because every mark waits equally long and a later word on the same task keeps its place.
  const waiting = new Map<string, WaitingMark>();
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    const [first] = waiting.values();
    if (timer !== undefined || first === undefined) {
      return;
    }
    const untilDueMs = first.dueAt - performance.now();
    timer = setTimeout(
      () => {
        timer = undefined;
        onDue();
        schedule();
      },
      // Overdue: its lane is busy, and takes it when it is done.
      untilDueMs > 0 ? untilDueMs : UNTIL_MARKED_MS,
    );
  }

  return {
    put(noted) {
      const now = performance.now();
      const { jobId, elapsedMs } = noted.mark;
      const dueAt = waiting.get(jobId)?.dueAt ?? now + UNTIL_MARKED_MS;
      waiting.set(jobId, { ...noted, startedAt: now - elapsedMs, dueAt });
      schedule();
    },
    remove(jobId) {
      waiting.delete(jobId);
    },
    takeDue(most) {
      const due: NotedMark[] = [];
      const now = performance.now();
      for (const [jobId, { mark, onRefused, startedAt, dueAt }] of waiting) {
        if (dueAt > now || due.length >= most) {
          break;
        }
        waiting.delete(jobId);
        due.push({ mark: { ...mark, elapsedMs: now - startedAt }, onRefused });
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
