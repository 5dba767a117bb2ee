import { setImmediate } from "node:timers/promises";
import { addJobs, type AddedJobRow } from "../database/calls/addedJobs.ts";
import { codeOf, troubleOf } from "../database/transientErrors.ts";
import { isRatchetError, RatchetError } from "../errors/ratchetError.ts";
import { clientError, type Connections } from "./connections.ts";
import { inKnownTransaction } from "./knownTransaction.ts";
import { positionOf } from "./positions.ts";

/** A job ready to be added. */
export interface PreparedJob {
  /** As `ratchet.add_jobs` takes it: JSON text. */
  readonly spec: string;
  readonly identifier: string;
  /** Tenant and key in one text; `null` without a key. */
  readonly keyId: string | null;
  readonly jobKey: string | null;
}

/** A place in the order of the calls, taken before the job is checked. */
export interface QueuePlace {
  /** Adds the job; resolves after its commit. */
  fill(job: PreparedJob): Promise<AddedJobRow>;
  /** Gives the place up. */
  leave(): void;
}

/** Adds jobs of many callers, as many as are there with each commit. */
export interface AddQueue {
  takePlace(): QueuePlace;
  /** Resolves when every job that has a place is added, or its call has failed. */
  drained(): Promise<void>;
}

/** How much one commit takes. */
export interface AddQueueLimits {
  readonly jobs: number;
  /** Length of the specs; one job may be longer, and then goes alone. */
  readonly characters: number;
  /** How long a batch waits for somebody's lock before it is cut in two until the job that waits stands alone. */
  readonly batchLockTimeoutMs: number;
  /** How long that one waits, beside the others. */
  readonly keyLockTimeoutMs: number;
}

const LIMITS: AddQueueLimits = {
  jobs: 500,
  characters: 4_000_000,
  batchLockTimeoutMs: 200,
  keyLockTimeoutMs: 15_000,
};

interface Entry {
  job: PreparedJob | null;
  resolve: (added: AddedJobRow) => void;
  reject: (error: unknown) => void;
}

type ReadyEntry = Entry & { readonly job: PreparedJob };

const LOCK_NOT_AVAILABLE = "55P03";

/**
 * Creates a queue with natural batching: what arrives while a commit is on its way goes with the next one, without a timer, in
 * the order of the calls. A job that Postgres refuses fails alone. One whose key another transaction holds waits by itself,
 * and so do later jobs with that key; nobody else does.
 */
export function createAddQueue(connections: Connections, limits: AddQueueLimits = LIMITS): AddQueue {
  let entries: Entry[] = [];
  let flushing: Promise<void> | null = null;
  // Keys that another transaction holds, with the jobs that came for them since.
  const heldKeys = new Map<string, ReadyEntry[]>();
  const unanswered = new Set<Promise<null>>();

  function wake(): void {
    if (flushing === null && entries[0]?.job) {
      flushing = flushAll().finally(() => {
        flushing = null;
        wake();
      });
    }
  }

  async function flushAll(): Promise<void> {
    // What else is called in this turn of the event loop comes along.
    await setImmediate();
    for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
      await flush(batch);
    }
  }

  function nextBatch(): ReadyEntry[] {
    const batch: ReadyEntry[] = [];
    let characters = 0;
    for (const entry of entries) {
      if (!isReady(entry) || batch.length >= limits.jobs) {
        break;
      }
      characters += entry.job.spec.length;
      if (batch.length > 0 && characters > limits.characters) {
        break;
      }
      batch.push(entry);
    }
    entries = entries.slice(batch.length);
    return batch;
  }

  /** Lets those go behind whoever waits for their key. */
  function withoutHeld(batch: readonly ReadyEntry[]): readonly ReadyEntry[] {
    return batch.filter((entry) => {
      const queue = heldKeys.get(entry.job.keyId ?? "");
      queue?.push(entry);
      return queue === undefined;
    });
  }

  async function flush(all: readonly ReadyEntry[]): Promise<void> {
    const batch = withoutHeld(all);
    if (batch.length === 0) {
      return;
    }
    const hasKeys = batch.some(({ job }) => job.keyId !== null);
    try {
      settle(batch, await write(batch, hasKeys ? limits.batchLockTimeoutMs : undefined));
    } catch (error) {
      const [first] = batch;
      const keyId = first?.job.keyId ?? null;
      if (codeOf(error) === LOCK_NOT_AVAILABLE && first !== undefined && batch.length === 1 && keyId !== null) {
        void waitAlone(first, keyId);
      } else if (batch.length > 1 && (troubleOf(error) !== "passing" || codeOf(error) === LOCK_NOT_AVAILABLE)) {
        for (const part of partsOf(batch, error)) {
          await flush(part);
        }
      } else {
        const shown = clientError(error);
        for (const { reject } of batch) {
          reject(shown);
        }
      }
    }
  }

  function write(batch: readonly ReadyEntry[], lockTimeoutMs: number | undefined): Promise<AddedJobRow[]> {
    const what = batch.length === 1 ? "1 job" : `${batch.length} jobs`;
    const specs = batch.map(({ job }) => job.spec);
    return inKnownTransaction({ connections, what, lockTimeoutMs }, async (db) => {
      const { jobs, transaction } = await addJobs(db, specs);
      return { result: jobs, transaction };
    });
  }

  async function waitAlone(entry: ReadyEntry, keyId: string): Promise<void> {
    const later: ReadyEntry[] = [];
    heldKeys.set(keyId, later);
    try {
      settle([entry], await write([entry], limits.keyLockTimeoutMs));
    } catch (error) {
      entry.reject(codeOf(error) === LOCK_NOT_AVAILABLE ? keyHeld(entry.job.jobKey, error) : clientError(error));
    } finally {
      heldKeys.delete(keyId);
      entries = [...later, ...entries];
      wake();
    }
  }

  function keyHeld(jobKey: string | null, cause: unknown): RatchetError {
    const seconds = limits.keyLockTimeoutMs / 1000;
    return new RatchetError(
      "RT128",
      `The job key ${JSON.stringify(jobKey)} has been held by another transaction for ${seconds} s.`,
      { cause },
    );
  }

  return {
    takePlace() {
      const { promise, resolve, reject } = Promise.withResolvers<AddedJobRow>();
      const end = Promise.withResolvers<null>();
      const entry: Entry = { job: null, resolve, reject };
      entries.push(entry);
      unanswered.add(end.promise);
      const finish = (): void => {
        unanswered.delete(end.promise);
        end.resolve(null);
      };
      promise.finally(finish).catch(() => {});
      return {
        fill(job) {
          entry.job = job;
          wake();
          return promise;
        },
        leave() {
          entries = entries.filter((other) => other !== entry);
          finish();
          wake();
        },
      };
    },
    async drained() {
      while (unanswered.size > 0) {
        await Promise.all(unanswered);
      }
    },
  };
}

function isReady(entry: Entry): entry is ReadyEntry {
  return entry.job !== null;
}

function settle(batch: readonly ReadyEntry[], added: readonly AddedJobRow[]): void {
  for (const [index, { resolve, reject }] of batch.entries()) {
    const job = added[index];
    if (job === undefined) {
      reject(new Error(`Postgres gave ${added.length} rows for ${batch.length} jobs.`));
    } else {
      resolve(job);
    }
  }
}

/** Around the job that the error names, else in two halves: in order, so that jobs keep theirs. */
function partsOf<Item>(batch: readonly Item[], error: unknown): (readonly Item[])[] {
  const position = isRatchetError(error) || error instanceof Error ? positionOf(error.message) : undefined;
  const parts =
    position !== undefined && position < batch.length
      ? [batch.slice(0, position), batch.slice(position, position + 1), batch.slice(position + 1)]
      : [batch.slice(0, batch.length / 2), batch.slice(batch.length / 2)];
  return parts.filter((part) => part.length > 0);
}
