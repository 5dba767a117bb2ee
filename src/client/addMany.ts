import { addJobs, type AddedJobRow } from "../database/calls/addedJobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { isRatchetError, RatchetError } from "../errors/ratchetError.ts";
import type { Written } from "./knownTransaction.ts";
import { movePosition } from "./positions.ts";
import { clientError } from "./connections.ts";

// What one statement takes; it keeps the memory of the server small.
const SLICE_JOBS = 1000;
const SLICE_CHARACTERS = 4_000_000;

/**
 * Adds any number of jobs in the transaction `db` is in, slice by slice; all or none, as far as that transaction goes.
 * @param specs jobs as `ratchet.add_jobs` takes them.
 */
export async function addInSlices(db: Queryable, specs: readonly string[]): Promise<Written<AddedJobRow[]>> {
  const added: AddedJobRow[] = [];
  let transaction = "";
  while (added.length < specs.length) {
    const slice: string[] = [];
    let characters = 0;
    for (const spec of specs.slice(added.length, added.length + SLICE_JOBS)) {
      slice.push(spec);
      characters += spec.length;
      if (characters > SLICE_CHARACTERS) {
        break;
      }
    }
    try {
      const answer = await addJobs(db, slice);
      ({ transaction } = answer);
      added.push(...answer.jobs);
    } catch (error) {
      throw placed(error, { offset: added.length, count: slice.length }, specs.length);
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
