import type { Checkpoint, CheckpointAnswer, Failure, RunningMark } from "../database/calls/checkpoints.ts";

/** An answer, with the commit it came in. */
export interface WrittenCheckpoint extends CheckpointAnswer {
  /** Lane and number of the batch, such as `0-42`; lane 1 is for what had to wait for somebody's lock. */
  readonly batch: string;
  /** What was written in place of a value that Postgres refused. */
  readonly replacedBy: Failure | null;
}

/** A checkpoint on its way. */
export interface Item {
  checkpoint: Checkpoint;
  replacedBy: Failure | null;
  /** How often somebody held its row. */
  locks: number;
  readonly resolve: (answer: WrittenCheckpoint) => void;
  readonly reject: (error: unknown) => void;
}

/** An end that somebody waits for. */
export function itemOf(checkpoint: Checkpoint, resolve: Item["resolve"], reject: Item["reject"]): Item {
  return { checkpoint, replacedBy: null, locks: 0, resolve, reject };
}

/** A mark, for which nobody waits. */
export function itemOfMark(mark: RunningMark, onRefused: () => void): Item {
  return itemOf(
    mark,
    ({ outcome }) => {
      if (outcome === "refused") {
        onRefused();
      }
    },
    () => {},
  );
}

/** One write a task: of two rows for one task in one UPDATE Postgres takes either, and says nothing of the other. */
export function withoutOvertakenMarks(batch: Item[]): Item[] {
  if (!batch.some(({ checkpoint }) => checkpoint.kind === "running")) {
    return batch;
  }
  const written = new Set(batch.filter(({ checkpoint }) => checkpoint.kind !== "running").map(taskOf));
  return batch.filter((item) => {
    if (item.checkpoint.kind !== "running") {
      return true;
    }
    const isFirst = !written.has(taskOf(item));
    written.add(taskOf(item));
    return isFirst;
  });
}

/** What it says in its own words; all else of a checkpoint is small. */
export function charactersIn(checkpoint: Checkpoint): number {
  switch (checkpoint.kind) {
    case "completed":
      return checkpoint.result?.length ?? 0;
    case "failed":
      return checkpoint.failure.message.length + (checkpoint.failure.stack?.length ?? 0);
    case "running":
      return 0;
  }
}

function taskOf({ checkpoint }: Item): string {
  return `${checkpoint.jobId}/${checkpoint.position}`;
}

/** The order in which Postgres locks the rows: by job. Ids are decimal digits without leading zeros. */
export function inOrderOfLocks({ checkpoint: { jobId: left } }: Item, { checkpoint: { jobId: right } }: Item): number {
  return left.length - right.length || (left < right ? -1 : Number(left > right));
}
