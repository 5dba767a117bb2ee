/**
 * Keys of Ratchet's advisory locks, all of them here, so that none collides with another. Both parts are int4, as in
 * `pg_advisory_lock(classId, objectId)`; the first spells "rat" and a number.
 */
export const MIGRATION_LOCK = { classId: 0x72617401, objectId: 0 } as const;
