import { nearestName } from "../config/nearestName.ts";
import { listIdentifiers } from "../database/calls/listIdentifiers.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { taskFileHint } from "./taskFileHint.ts";

/**
 * RT001 for an identifier that is not registered, with the best that can be said about it: what to do with its file in the
 * task folder, or the nearest name. `refusal` is what the database said of it, if it was asked.
 */
export async function unknownIdentifier(
  db: Queryable,
  identifier: string,
  taskFolder: string,
  refusal?: RatchetError,
): Promise<RatchetError> {
  const advice = refusal?.hint ?? "See which there are with `ratchet definitions`.";
  const nearest = nearestName(identifier, await listIdentifiers(db));
  const hint =
    (await taskFileHint(taskFolder, identifier)) ??
    (nearest === undefined ? advice : `Did you mean ${nearest}? ${advice}`);
  return new RatchetError("RT001", refusal?.message ?? `No definition "${identifier}" is registered.`, {
    hint,
    cause: refusal,
  });
}

/**
 * For a search that found nothing: an identifier that neither a job nor a definition has is a slip of the fingers.
 * @throws {RatchetError} RT001
 */
export async function refuseUnknown(db: Queryable, identifiers: readonly string[], taskFolder: string): Promise<void> {
  const known = identifiers.length > 0 ? await listIdentifiers(db) : [];
  const unknown = identifiers.find((identifier) => !known.includes(identifier));
  if (unknown !== undefined) {
    throw await unknownIdentifier(db, unknown, taskFolder);
  }
}
