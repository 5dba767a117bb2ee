import { setImmediate, setTimeout as sleep } from "node:timers/promises";
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
  /** Tenant and key in one text; `null` without a key. */
  readonly keyId: string | null;
  readonly jobKey: string | null;
}

/** Adds jobs of many callers, as many as are there with each commit. */
export interface AddQueue {
  /** Adds the job; resolves after its commit. */
  add(job: PreparedJob): Promise<AddedJobRow>;
}

/** How much one commit takes. */
export interface AddQueueLimits {
  readonly jobs: number;
  /** Length of the specs; one job may be longer, and then goes alone. */
  readonly characters: number;
  /** How long a batch waits for somebody's lock before it is cut in two until the job that waits stands alone. */
  readonly batchLockTimeoutMs: number;
  /** How long that one is tried again, apart from the others. */
  readonly heldKeyTimeoutMs: number;
}

/** How long a job waits for its key while another transaction holds it. */
export const HELD_KEY_TIMEOUT_MS = 15_000;

const LIMITS: AddQueueLimits = {
  jobs: 500,
  characters: 4_000_000,
  batchLockTimeoutMs: 200,
  heldKeyTimeoutMs: HELD_KEY_TIMEOUT_MS,
};

interface Entry {
  readonly job: PreparedJob;
  readonly resolve: (added: AddedJobRow) => void;
  readonly reject: (error: unknown) => void;
}

/** Jobs of one key, in the order of the calls. */
interface HeldKey {
  readonly first: Entry;
  readonly later: Entry[];
  /** When the first one gives up, by `performance.now()`. */
  readonly deadlineMs: number;
}

// What is too much for one statement together may not be apart.
const STATEMENT_TIMEOUT = "57014";

/**
 * Creates a queue with natural batching: what arrives while a commit is on its way goes with the next one, without a timer. A
 * job that Postgres refuses fails alone. One whose key another transaction holds is tried again by itself, with later jobs of
 * that key behind it; nobody else waits for it.
 */
export function createAddQueue(connections: Connections, limits: AddQueueLimits = LIMITS): AddQueue {
  const entries: Entry[] = [];
  let isFlushing = false;
  let isTryingHeldKeys = false;
  const heldKeys = new Map<string, HeldKey>();

  async function flushAll(): Promise<void> {
    if (isFlushing) {
      return;
    }
    isFlushing = true;
    // What else is called in this turn of the event loop comes along.
    await setImmediate();
    for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
      await flush(batch);
    }
    isFlushing = false;
  }

  function nextBatch(): Entry[] {
    let length = 0;
    let characters = 0;
    for (const { job } of entries.slice(0, limits.jobs)) {
      characters += job.spec.length;
      if (length > 0 && characters > limits.characters) {
        break;
      }
      length++;
    }
    return entries.splice(0, length);
  }

  /** Lets those go behind whoever waits for their key. */
  function withoutHeld(batch: readonly Entry[]): readonly Entry[] {
    return batch.filter((entry) => {
      const held = heldKeys.get(entry.job.keyId ?? "");
      held?.later.push(entry);
      return held === undefined;
    });
  }

  async function flush(all: readonly Entry[]): Promise<void> {
    const batch = withoutHeld(all);
    const [first] = batch;
    if (first === undefined) {
      return;
    }
    try {
      settle(batch, await write(batch));
    } catch (error) {
      if (batch.length > 1 && mayBeOfOneJob(error)) {
        for (const part of partsOf(batch, error)) {
          await flush(part);
        }
      } else if (first.job.keyId !== null && troubleOf(error) === "locked") {
        const deadlineMs = performance.now() + limits.heldKeyTimeoutMs;
        heldKeys.set(first.job.keyId, { first, later: [], deadlineMs });
        void tryHeldKeys();
      } else {
        const shown = clientError(error);
        for (const { reject } of batch) {
          reject(shown);
        }
      }
    }
  }

  function write(batch: readonly Entry[]): Promise<AddedJobRow[]> {
    const what = batch.length === 1 ? "1 job" : `${batch.length} jobs`;
    const lockTimeoutMs = batch.some(({ job }) => job.keyId !== null) ? limits.batchLockTimeoutMs : undefined;
    const specs = batch.map(({ job }) => job.spec);
    return inKnownTransaction({ connections, what, lockTimeoutMs }, async (db) => {
      const { jobs, transaction } = await addJobs(db, specs);
      return { result: jobs, transaction };
    });
  }

  /** One after the other and with pauses, so that any number of them leave the pool to the rest. */
  async function tryHeldKeys(): Promise<void> {
    if (isTryingHeldKeys) {
      return;
    }
    isTryingHeldKeys = true;
    while (heldKeys.size > 0) {
      await sleep(limits.batchLockTimeoutMs);
      for (const [keyId, held] of heldKeys) {
        if (await hasEnded(held)) {
          heldKeys.delete(keyId);
          entries.unshift(...held.later);
          void flushAll();
        }
      }
    }
    isTryingHeldKeys = false;
  }

  async function hasEnded({ first, deadlineMs }: HeldKey): Promise<boolean> {
    try {
      settle([first], await write([first]));
    } catch (error) {
      if (troubleOf(error) !== "locked") {
        first.reject(clientError(error));
      } else if (performance.now() < deadlineMs) {
        return false;
      } else {
        first.reject(keyHeld(first.job.jobKey, error));
      }
    }
    return true;
  }

  function keyHeld(jobKey: string | null, cause: unknown): RatchetError {
    const seconds = limits.heldKeyTimeoutMs / 1000;
    return new RatchetError(
      "RT128",
      `The job key ${JSON.stringify(jobKey)} has been held by another transaction for ${seconds} s.`,
      { cause },
    );
  }

  return {
    add(job) {
      return new Promise((resolve, reject) => {
        entries.push({ job, resolve, reject });
        void flushAll();
      });
    },
  };
}

/**
 * Whether the batch can be sent again in parts. What is a RatchetError by now was no job's fault: there is no connection (RT101),
 * or the jobs may have been added already (RT125).
 */
function mayBeOfOneJob(error: unknown): boolean {
  return !isRatchetError(error) && (troubleOf(error) !== "passing" || codeOf(error) === STATEMENT_TIMEOUT);
}

function settle(batch: readonly Entry[], added: readonly AddedJobRow[]): void {
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
  const position = error instanceof Error ? positionOf(error.message) : undefined;
  const parts =
    position !== undefined && position < batch.length
      ? [batch.slice(0, position), batch.slice(position, position + 1), batch.slice(position + 1)]
      : [batch.slice(0, batch.length / 2), batch.slice(batch.length / 2)];
  return parts.filter((part) => part.length > 0);
}
