import { createHash } from "node:crypto";

/**
 * The advisory lock of who migrates a schema of this name: both parts int4, as in `pg_advisory_lock(classId, objectId)`. The
 * first spells "rat" and a number. Workers' locks are `ratchet_private.worker_lock_class`.
 */
export function migrationLock(schema: string): { readonly classId: number; readonly objectId: number } {
  return { classId: 0x72617401, objectId: createHash("sha256").update(schema).digest().readInt32BE() };
}
