import { vi } from "vitest";

import type {
  Checkpoint,
  CheckpointAnswer,
  CompletedEnd,
  RunningMark,
} from "../../../src/database/calls/checkpoints.ts";
import type { WrittenCheckpoint } from "../../../src/engine/checkpointItem.ts";
import {
  type CheckpointWriter,
  type CheckpointWriterOptions,
  createCheckpointWriter,
} from "../../../src/engine/checkpointWriter.ts";
import { createRecordingHub } from "../../engine/engine.ts";
import { type Deferred, deferred } from "../../support/waiting.ts";

/** The answer to an end that nothing was wrong with. */
export const WRITTEN: CheckpointAnswer = { outcome: "written", stop: false, retryInMs: null };

/** One batch on its way. */
export interface Batch extends Deferred<CheckpointAnswer[]> {
  readonly items: readonly Checkpoint[];
}

/** Postgres as a writer sees it, played by the test. */
export interface FakePostgres {
  /** Every batch so far, the refused ones too. */
  readonly batches: Batch[];
  /** Answers each batch as soon as it is written; `undefined` leaves that to the test. */
  rule: ((items: readonly Checkpoint[]) => CheckpointAnswer[]) | undefined;
  /** Jobs whose rows somebody's psql holds. */
  readonly lockedJobs: Set<string>;
  /** What the writer told of its commits. */
  readonly told: string[][];
  /** A writer that looks at each end at once: the first one of a moment goes out alone, unless said otherwise. */
  writer(options?: Partial<CheckpointWriterOptions>): CheckpointWriter;
  /** Waits for the batch of this number, from 1. */
  batch(n: number): Promise<Batch>;
  /** The job ids of each batch so far. */
  jobsOfBatches(): string[][];
  /** Abandons every writer. */
  close(): void;
}

/** Makes one. */
export function createFakePostgres(): FakePostgres {
  const open: CheckpointWriter[] = [];
  const fake: FakePostgres = {
    batches: [],
    rule: undefined,
    lockedJobs: new Set(),
    told: [],
    writer(options = {}) {
      const writer = createCheckpointWriter({
        soon: (look) => {
          look();
        },
        events: createRecordingHub(),
        onWritten: (jobIds) => {
          fake.told.push([...jobIds]);
        },
        findHolders: () => Promise.resolve([]),
        findFree: (checkpoints) =>
          Promise.resolve(
            new Set(checkpoints.map(({ jobId }) => jobId).filter((jobId) => !fake.lockedJobs.has(jobId))),
          ),
        write: async (items) => {
          const batch: Batch = { ...deferred<CheckpointAnswer[]>(), items };
          fake.batches.push(batch);
          return fake.rule === undefined ? batch.promise : fake.rule(items);
        },
        ...options,
      });
      open.push(writer);
      return writer;
    },
    batch: (n) => vi.waitUntil(() => fake.batches[n - 1], { interval: 1 }),
    jobsOfBatches: () => fake.batches.map(({ items }) => items.map(({ jobId }) => jobId)),
    close() {
      for (const writer of open) {
        writer.abandon();
      }
    },
  };
  return fake;
}

/** The end of a job's first task. */
export function completed(jobId: string, given: Partial<CompletedEnd> = {}): CompletedEnd {
  return { kind: "completed", jobId, position: 1, fence: 1, elapsedMs: 5, result: null, ...given };
}

/** The mark of a job's first task. */
export function running(jobId: string, given: Partial<RunningMark> = {}): RunningMark {
  return { kind: "running", jobId, position: 1, fence: 1, elapsedMs: 0, progress: null, ...given };
}

/** An error with an SQLSTATE. */
export function sqlError(code: string): Error {
  return Object.assign(new Error(`Postgres says ${code}`), { code });
}

/** A rule: all is well. */
export function written(items: readonly Checkpoint[]): CheckpointAnswer[] {
  return items.map(() => WRITTEN);
}

/** Commits a batch. */
export function answer(batch: Batch | undefined): void {
  batch?.resolve(written(batch.items));
}

/** The ids `1` to `count`. */
export function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index + 1));
}

/** Writes the ends of these jobs at the same moment. */
export function writeAll(writer: CheckpointWriter, jobIds: readonly string[]): Promise<WrittenCheckpoint[]> {
  return Promise.all(jobIds.map((jobId) => writer.write(completed(jobId))));
}
