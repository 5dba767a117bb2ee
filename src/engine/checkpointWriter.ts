import type { Checkpoint, CheckpointAnswer, Failure, RunningMark } from "../database/calls/checkpoints.ts";
import { troubleOf } from "../database/transientErrors.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import type { EventHub } from "../telemetry/events.ts";
import { UNSTORABLE_FAILURE, describeOwn } from "./failure.ts";
import { repeatUntilAnswered } from "./repeat.ts";
import { type MarkStore, createMarkStore } from "./runningMarks.ts";

/** An answer, with the commit it came in. */
export interface WrittenCheckpoint extends CheckpointAnswer {
  /** Lane and number of the batch, such as `1-42`. */
  readonly batch: string;
  /** What was written in place of a value that Postgres refused. */
  readonly replacedBy: Failure | null;
}

/** What {@link createCheckpointWriter} takes. */
export interface CheckpointWriterOptions {
  /** Writes one batch in one commit. */
  readonly write: (checkpoints: readonly Checkpoint[]) => Promise<CheckpointAnswer[]>;
  readonly events: EventHub;
  /** Is told the jobs of each batch after its commit. */
  readonly onWritten?: ((jobIds: readonly string[]) => void) | undefined;
  /** 1 to 4; default 2. All writes of a job take the same lane, or two lanes would deadlock on its rows. */
  readonly lanes?: number | undefined;
  /** Most checkpoints in one batch; default 500. */
  readonly mostItems?: number | undefined;
  /** Most bytes of results in one batch, unless one result alone is larger; default 8 MiB. */
  readonly mostBytes?: number | undefined;
}

/** Writes the ends of tasks, many jobs in one commit. */
export interface CheckpointWriter {
  /** Resolves after the commit that holds it. Repeats through every trouble of the database until {@link abandon}. */
  write(checkpoint: Checkpoint): Promise<WrittenCheckpoint>;
  /** Notes that a task runs; written only if the task is still running a moment later, or with its progress. */
  mark(mark: RunningMark): void;
  /** Forgets a mark. */
  unmark(jobId: string): void;
  /** Gives up what is not written yet: those calls reject. */
  abandon(): void;
}

const LOCKED_PAUSE_MS = 100;

interface Item {
  checkpoint: Checkpoint;
  replacedBy: Failure | null;
  readonly resolve: (answer: WrittenCheckpoint) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  readonly number: number;
  queue: Item[];
  readonly marks: MarkStore;
  isFlushing: boolean;
  batches: number;
}

/**
 * Creates a writer with natural batching: what arrives while a commit is in flight goes with the next one. No timer delays
 * an end, so one idle job is as quick as can be and a flood is written in large batches.
 */
export function createCheckpointWriter({
  write,
  events,
  onWritten = () => {},
  lanes: laneCount = 2,
  mostItems = 500,
  mostBytes = 8 * 1_048_576,
}: CheckpointWriterOptions): CheckpointWriter {
  const abandoned = new AbortController();
  const lanes = Array.from({ length: laneCount }, (_, number) => createLane(number));
  // What waits for somebody else's lock goes on here, so that it holds up no lane.
  const waitingRoom = createLane(laneCount);

  function createLane(number: number): Lane {
    const lane: Lane = {
      number,
      queue: [],
      marks: createMarkStore(() => void drain(lane)),
      isFlushing: false,
      batches: 0,
    };
    return lane;
  }

  function laneOf(jobId: string): Lane {
    const lane = lanes[Number(jobId.slice(-9)) % laneCount];
    if (lane === undefined) {
      throw new TypeError(`"${jobId}" is no job id`);
    }
    return lane;
  }

  async function drain(lane: Lane): Promise<void> {
    if (lane.isFlushing) {
      return;
    }
    lane.isFlushing = true;
    try {
      for (let batch = takeBatch(lane); batch.length > 0; batch = takeBatch(lane)) {
        await flush(lane, batch);
      }
    } finally {
      lane.isFlushing = false;
    }
  }

  function takeBatch(lane: Lane): Item[] {
    let bytes = 0;
    let count = 0;
    for (const { checkpoint } of lane.queue) {
      bytes += checkpoint.kind === "completed" ? (checkpoint.result?.length ?? 0) : 0;
      if (count === mostItems || (count > 0 && bytes > mostBytes)) {
        break;
      }
      count++;
    }
    const batch = lane.queue.splice(0, count);
    const marks = lane.marks.takeDue(mostItems - count).map((checkpoint) => itemOf(checkpoint, () => {}, () => {}));
    return [...batch, ...marks];
  }

  async function flush(lane: Lane, batch: readonly Item[]): Promise<void> {
    try {
      // Postgres locks the rows in this order.
      const items = batch.toSorted((left, right) => compareIds(left.checkpoint.jobId, right.checkpoint.jobId));
      const answers = await repeatUntilAnswered(() => writeUnlessLocked(items), {
        call: "checkpoint",
        events,
        signal: abandoned.signal,
      });
      if (answers === "locked") {
        await cutInTwo(lane, items);
        return;
      }
      lane.batches++;
      const name = `${lane.number}-${lane.batches}`;
      for (const [index, { resolve, replacedBy }] of items.entries()) {
        resolve({ ...(answers[index] as CheckpointAnswer), batch: name, replacedBy });
      }
      onWritten(items.map((item) => item.checkpoint.jobId));
    } catch (error) {
      await (troubleOf(error) === "value refused" && !abandoned.signal.aborted
        ? isolateRefusedValue(lane, batch, error)
        : rejectAll(batch, error));
    }
  }

  async function writeUnlessLocked(items: readonly Item[]): Promise<CheckpointAnswer[] | "locked"> {
    try {
      return await write(items.map((item) => item.checkpoint));
    } catch (error) {
      if (troubleOf(error) === "locked") {
        return "locked";
      }
      throw error;
    }
  }

  /** Somebody holds a row: the others go on without it, until it stands alone. */
  async function cutInTwo(lane: Lane, items: readonly Item[]): Promise<void> {
    if (items.length > 1) {
      const middle = Math.ceil(items.length / 2);
      await flush(lane, items.slice(0, middle));
      await flush(lane, items.slice(middle));
    } else if (abandoned.signal.aborted) {
      await rejectAll(items, abandoned.signal.reason);
    } else {
      setTimeout(() => {
        waitingRoom.queue.push(...items);
        void drain(waitingRoom);
      }, LOCKED_PAUSE_MS);
    }
  }

  async function isolateRefusedValue(lane: Lane, batch: readonly Item[], error: unknown): Promise<void> {
    if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2);
      await flush(lane, batch.slice(0, middle));
      await flush(lane, batch.slice(middle));
      return;
    }
    const [item] = batch;
    if (item?.checkpoint.kind === "completed") {
      const { jobId, position, fence, elapsedMs } = item.checkpoint;
      const refusal = new RatchetError("RT116", `Postgres refused the task's result: ${(error as Error).message}`);
      item.replacedBy = describeOwn(refusal);
      item.checkpoint = { kind: "failed", jobId, position, fence, elapsedMs, failure: item.replacedBy };
      await flush(lane, [item]);
    } else if (item?.checkpoint.kind === "failed" && item.replacedBy !== UNSTORABLE_FAILURE) {
      item.replacedBy = UNSTORABLE_FAILURE;
      item.checkpoint = { ...item.checkpoint, failure: UNSTORABLE_FAILURE };
      await flush(lane, [item]);
    } else {
      await rejectAll(batch, error);
    }
  }

  return {
    write(checkpoint) {
      const lane = laneOf(checkpoint.jobId);
      lane.marks.remove(checkpoint.jobId);
      return new Promise((resolve, reject) => {
        lane.queue.push(itemOf(checkpoint, resolve, reject));
        void drain(lane);
      });
    },
    mark(mark) {
      laneOf(mark.jobId).marks.put(mark);
    },
    unmark(jobId) {
      laneOf(jobId).marks.remove(jobId);
    },
    abandon() {
      abandoned.abort(new Error("The checkpoint writer was closed."));
      for (const lane of lanes) {
        lane.marks.clear();
      }
    },
  };
}

function itemOf(checkpoint: Checkpoint, resolve: Item["resolve"], reject: Item["reject"]): Item {
  return { checkpoint, replacedBy: null, resolve, reject };
}

async function rejectAll(items: readonly Item[], error: unknown): Promise<void> {
  for (const item of items) {
    item.reject(error);
  }
}

/** Ids are decimal digits without leading zeros. */
function compareIds(left: string, right: string): number {
  return left.length - right.length || (left < right ? -1 : Number(left > right));
}
