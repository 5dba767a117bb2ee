import { addJobs, type AddedJobRow } from "../database/calls/addedJobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { isRatchetError, RatchetError } from "../errors/ratchetError.ts";
import type { Written } from "./knownTransaction.ts";
import { movePosition } from "./positions.ts";
import { clientError } from "./connections.ts";

/** How much one statement of an `addMany` takes; it keeps the memory of server and client small. */
export interface SliceLimits {
  readonly jobs: number;
  readonly characters: number;
}

const LIMITS: SliceLimits = { jobs: 1000, characters: 4_000_000 };

/**
 * Adds any number of jobs in the transaction `db` is in, slice by slice; all or none, as far as that transaction goes.
 * @param specOf makes a job as `ratchet.add_jobs` takes it, when its slice is sent.
 */
export async function addInSlices<Item>(
  db: Queryable,
  items: readonly Item[],
  specOf: (item: Item) => string,
  limits: SliceLimits = LIMITS,
): Promise<Written<AddedJobRow[]>> {
  const added: AddedJobRow[] = [];
  let transaction = "";
  while (added.length < items.length) {
    const slice: string[] = [];
    let characters = 0;
    for (const item of items.slice(added.length, added.length + limits.jobs)) {
      const spec = specOf(item);
      slice.push(spec);
      characters += spec.length;
      if (characters > limits.characters) {
        break;
      }
    }
    try {
      const answer = await addJobs(db, slice);
      ({ transaction } = answer);
      added.push(...answer.jobs);
    } catch (error) {
      throw placed(error, { offset: added.length, count: slice.length }, items.length);
    }
  }
  return { result: added, transaction };
}

/** Says the place among all jobs; an error that is no problem of one job is left as it is, so that it can be repeated. */
function placed(error: unknown, sent: { offset: number; count: number }, total: number): unknown {
  const shown = clientError(error);
  if (!isRatchetError(shown) || !shown.code.startsWith("RT0")) {
    return error;
  }
  const { code, detail, hint, retryable } = shown;
  return new RatchetError(code, movePosition(shown.message, sent, total), { detail, hint, retryable, cause: error });
}
