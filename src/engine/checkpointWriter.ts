import { setImmediate } from "node:timers";
import type { Checkpoint, CheckpointAnswer, RunningMark } from "../database/calls/checkpoints.ts";
import { codeOf, troubleOf } from "../database/transientErrors.ts";
import type { EventHub } from "../telemetry/events.ts";
import { UNSTORABLE_FAILURE, describeOwn } from "./failure.ts";
import { troublesOf } from "../telemetry/troubles.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import { refusedResult } from "./resultText.ts";
import {
  type Item,
  type WrittenCheckpoint,
  charactersIn,
  inOrderOfLocks,
  itemOf,
  itemOfMark,
  withoutOvertakenMarks,
} from "./checkpointItem.ts";
import { type MarkStore, createMarkStore } from "./runningMarks.ts";

/** What {@link createCheckpointWriter} takes. */
export interface CheckpointWriterOptions {
  /** Writes one batch in one commit. */
  readonly write: (checkpoints: readonly Checkpoint[]) => Promise<CheckpointAnswer[]>;
  /** Which of these rows nobody else holds at this moment, by job id. */
  readonly findFree: (checkpoints: readonly Checkpoint[]) => Promise<Set<string>>;
  /** Who holds locks that may be in the way, for the log. */
  readonly findHolders: () => Promise<readonly string[]>;
  readonly events: EventHub;
  /** Is told the jobs of each batch after its commit. */
  readonly onWritten?: ((jobIds: readonly string[]) => void) | undefined;
  /** Calls back when what goes on at this moment is done, so that its ends share a commit. Default: `setImmediate`. */
  readonly soon?: ((look: () => void) => unknown) | undefined;
  /** So many that wait are written at once, beside a commit that is in flight; default 100. */
  readonly enoughForSecond?: number | undefined;
  /** Most checkpoints in one batch; default 500. */
  readonly mostItems?: number | undefined;
  /** Most characters of results and errors in one batch, unless one alone has more; default 8 Mi. */
  readonly mostCharacters?: number | undefined;
}

/** Writes the ends of tasks, many jobs in one commit. */
export interface CheckpointWriter {
  /** Resolves after the commit that holds it. Repeats through every trouble of the database until {@link abandon}. */
  write(checkpoint: Checkpoint): Promise<WrittenCheckpoint>;
  /**
   * Notes that a task runs; written only if the task is still running a moment later, or with its progress.
   * @param onRefused is called if a newer fence stands on the task.
   */
  mark(mark: RunningMark, onRefused: () => void): void;
  /** Forgets a mark. */
  unmark(jobId: string): void;
  /** Gives up what is not written yet: those calls reject. */
  abandon(): void;
}

const LOCKED_PAUSE_MS = 100;
/** How often a row must have been found locked, about 0.3 s apart, before that is told. */
const TOLD_AFTER_LOCKS = 5;

interface Lane {
  readonly number: number;
  /** How many commits may be in flight. */
  readonly mostCommits: number;
  queue: Item[];
  readonly marks: MarkStore;
  isLookingSoon: boolean;
  commits: number;
  marksInCommits: number;
  batches: number;
}

/**
 * Creates a writer with natural batching: what ends in one turn of the event loop, or while a commit is in flight, shares a
 * commit. No timer delays an end, so one idle job is as quick as can be and a flood is written in large batches. Where so
 * much waits that a batch of its own pays, it does not wait for the commit in flight: else Postgres would idle while this
 * process goes on with the jobs of the last commit.
 */
export function createCheckpointWriter({
  write,
  findFree,
  findHolders,
  events,
  onWritten = () => {},
  soon = setImmediate,
  enoughForSecond = 100,
  mostItems = 500,
  mostCharacters = 8 * 1_048_576,
}: CheckpointWriterOptions): CheckpointWriter {
  const abandoned = new AbortController();
  const main = createLane(0, 2);
  const troubles = troublesOf(events);
  const unanswered = new Set<Item>();
  // What waits for somebody else's lock goes on here, so that it holds up no lane.
  const waitingRoom = createLane(1, 1);
  let lockError: unknown;

  function createLane(number: number, mostCommits: number): Lane {
    const marks = createMarkStore(() => {
      lookSoon(lane);
    });
    const lane: Lane = {
      number,
      mostCommits,
      queue: [],
      marks,
      isLookingSoon: false,
      commits: 0,
      marksInCommits: 0,
      batches: 0,
    };
    return lane;
  }

  function lookSoon(lane: Lane): void {
    if (!lane.isLookingSoon) {
      lane.isLookingSoon = true;
      soon(() => {
        lane.isLookingSoon = false;
        look(lane);
      });
    }
  }

  function look(lane: Lane): void {
    while (mayCommit(lane)) {
      const batch = takeBatch(lane);
      if (batch.length === 0) {
        return;
      }
      void commit(lane, batch);
    }
  }

  /** Never a task's end beside its own mark: each would wait for the other's lock. */
  function mayCommit({ commits, mostCommits, marksInCommits, queue }: Lane): boolean {
    return commits === 0 || (commits < mostCommits && marksInCommits === 0 && queue.length >= enoughForSecond);
  }

  async function commit(lane: Lane, batch: readonly Item[]): Promise<void> {
    const marks = batch.filter(({ checkpoint }) => checkpoint.kind === "running").length;
    lane.commits++;
    lane.marksInCommits += marks;
    try {
      await flush(lane, batch);
    } finally {
      lane.commits--;
      lane.marksInCommits -= marks;
      look(lane);
    }
  }

  function takeBatch(lane: Lane): Item[] {
    let characters = 0;
    let count = 0;
    for (const { checkpoint } of lane.queue) {
      characters += charactersIn(checkpoint);
      if (count === mostItems || (count > 0 && characters > mostCharacters)) {
        break;
      }
      count++;
    }
    const batch = lane.queue.splice(0, count);
    for (const { mark, onRefused } of lane.marks.takeDue(mostItems - count)) {
      batch.push(itemOfMark(mark, onRefused));
    }
    return withoutOvertakenMarks(batch);
  }

  async function flush(lane: Lane, batch: readonly Item[]): Promise<void> {
    try {
      abandoned.signal.throwIfAborted();
      const items = batch.toSorted(inOrderOfLocks);
      const answers = await repeatUntilAnswered(() => writeUnlessLocked(items), {
        call: "checkpoint",
        events,
        signal: abandoned.signal,
      });
      if (answers === "locked") {
        await goRoundLocks(lane, items);
        return;
      }
      lane.batches++;
      const name = `${lane.number}-${lane.batches}`;
      for (const [index, { outcome, stop, retryInMs }] of answers.entries()) {
        const item = items[index];
        if (item !== undefined) {
          if (item.locks > 0) {
            troubles.answered(item);
          }
          settle(item);
          item.resolve({ outcome, stop, retryInMs, batch: name, replacedBy: item.replacedBy });
        }
      }
      onWritten(items.map((item) => item.checkpoint.jobId));
    } catch (error) {
      if (troubleOf(error) === "value refused" && !abandoned.signal.aborted) {
        await isolateRefusedValue(lane, batch, error);
      } else {
        rejectAll(batch, error);
      }
    }
  }

  async function writeUnlessLocked(items: readonly Item[]): Promise<CheckpointAnswer[] | "locked"> {
    try {
      return await write(items.map((item) => item.checkpoint));
    } catch (error) {
      if (troubleOf(error) === "locked") {
        lockError = error;
        return "locked";
      }
      throw error;
    }
  }

  /** Somebody holds a row: the others go on without it at once, so that they have waited for one lock_timeout only. */
  async function goRoundLocks(lane: Lane, items: readonly Item[]): Promise<void> {
    const free = await repeatUntilAnswered(() => findFree(items.map((item) => item.checkpoint)), {
      call: "look for locks",
      events,
      signal: abandoned.signal,
    });
    const unlocked = items.filter(({ checkpoint }) => free.has(checkpoint.jobId));
    if (unlocked.length < items.length) {
      waitOutside(items.filter(({ checkpoint }) => !free.has(checkpoint.jobId)));
      await flushUnlessEmpty(lane, unlocked);
    } else if (items.length > 1) {
      // The lock is gone again, or stands on a row of another table.
      await flushInHalves(lane, items);
    } else {
      waitOutside(items);
    }
  }

  async function tellOfLocks(items: readonly Item[]): Promise<void> {
    const holders = await findHolders().catch(() => []);
    for (const item of items) {
      // Otherwise it was written meanwhile.
      if (unanswered.has(item)) {
        troubles.failed(item, "checkpoint", lockedRow(item, lockError), holders);
      }
    }
  }

  function waitOutside(items: readonly Item[]): void {
    for (const item of items) {
      item.locks++;
    }
    const stuck = items.filter(({ locks }) => locks === TOLD_AFTER_LOCKS);
    if (stuck.length > 0) {
      void tellOfLocks(stuck);
    }
    setTimeout(() => {
      waitingRoom.queue.push(...items);
      lookSoon(waitingRoom);
    }, LOCKED_PAUSE_MS);
  }

  async function flushUnlessEmpty(lane: Lane, items: readonly Item[]): Promise<void> {
    if (items.length > 0) {
      await flush(lane, items);
    }
  }

  async function flushInHalves(lane: Lane, items: readonly Item[]): Promise<void> {
    const middle = Math.ceil(items.length / 2);
    await flush(lane, items.slice(0, middle));
    await flush(lane, items.slice(middle));
  }

  async function isolateRefusedValue(lane: Lane, batch: readonly Item[], error: unknown): Promise<void> {
    if (batch.length > 1) {
      await flushInHalves(lane, batch);
      return;
    }
    const [item] = batch;
    if (item?.checkpoint.kind === "completed") {
      const { jobId, position, fence, elapsedMs } = item.checkpoint;
      item.replacedBy = describeOwn(refusedResult(error));
      item.checkpoint = { kind: "failed", jobId, position, fence, elapsedMs, failure: item.replacedBy };
      await flush(lane, [item]);
    } else if (item?.checkpoint.kind === "failed" && item.replacedBy !== UNSTORABLE_FAILURE) {
      item.replacedBy = UNSTORABLE_FAILURE;
      item.checkpoint = { ...item.checkpoint, failure: UNSTORABLE_FAILURE };
      await flush(lane, [item]);
    } else {
      rejectAll(batch, error);
    }
  }

  /** Whoever waits for it is answered now. */
  function settle(item: Item): void {
    unanswered.delete(item);
    if (item.locks > 0) {
      troubles.gaveUp(item);
    }
  }

  function rejectAll(items: readonly Item[], error: unknown): void {
    for (const item of items) {
      settle(item);
      item.reject(error);
    }
  }

  return {
    write(checkpoint) {
      return new Promise((resolve, reject) => {
        abandoned.signal.throwIfAborted();
        main.marks.remove(checkpoint.jobId);
        const item = itemOf(checkpoint, resolve, reject);
        unanswered.add(item);
        main.queue.push(item);
        lookSoon(main);
      });
    },
    mark(mark, onRefused) {
      if (!abandoned.signal.aborted) {
        main.marks.put({ mark, onRefused });
      }
    },
    unmark(jobId) {
      main.marks.remove(jobId);
    },
    abandon() {
      abandoned.abort(new Error("The checkpoint writer was closed."));
      rejectAll([...unanswered], abandoned.signal.reason);
      for (const lane of [main, waitingRoom]) {
        lane.queue = [];
        lane.marks.clear();
      }
    },
  };
}

function lockedRow({ checkpoint: { jobId, position } }: Item, cause: unknown): Error {
  const message = `The end of task ${position} of job ${jobId} cannot be written: somebody holds its row, or the table`;
  return Object.assign(new Error(message, { cause }), { code: codeOf(cause) });
}
