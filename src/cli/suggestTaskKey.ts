import { nearestName } from "../config/nearestName.ts";
import { readJob } from "../database/calls/jobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { isRatchetError, RatchetError } from "../errors/ratchetError.ts";

/** Gives an order about a task of a job; if there is no such task (RT008), the error names the nearest key, and those there are. */
export async function suggestTaskKey<Answer>(
  db: Queryable,
  { id, task, templates }: { readonly id: string; readonly task: string; readonly templates: boolean },
  give: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await give();
  } catch (cause) {
    const error = toRatchetError(cause);
    if (isRatchetError(error) && error.code === "RT008") {
      const keys = ((await readJob(db, id))?.tasks ?? []).map(({ key }) => key);
      const names = templates ? [...keys, ...keys.map((key) => key.replace(/\[\d+\]$/v, ""))] : keys;
      const nearest = nearestName(task, names);
      throw new RatchetError("RT008", error.message, {
        hint: `${nearest === undefined ? "" : `Did you mean ${nearest}? `}Its tasks are: ${listOf(keys)}.`,
        cause: error,
      });
    }
    throw error;
  }
}

const MOST_LISTED = 20;

function listOf(keys: readonly string[]): string {
  const rest = keys.length - MOST_LISTED;
  return `${keys.slice(0, MOST_LISTED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
