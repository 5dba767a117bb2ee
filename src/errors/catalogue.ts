import { PROGRAM_ERRORS } from "./programErrors.ts";
import { SQL_ERRORS } from "./sqlErrors.ts";

/**
 * Every error of Ratchet's own, by SQLSTATE: RT0xx is raised in SQL, RT1xx in TypeScript. `docs/errors.md` explains each;
 * a test holds this table, the documentation and the SQL files together. A released code is never given another meaning.
 */
export const ERROR_CATALOGUE = { ...SQL_ERRORS, ...PROGRAM_ERRORS } as const;

/** The SQLSTATE of one of Ratchet's own errors. */
export type RatchetErrorCode = keyof typeof ERROR_CATALOGUE;

/** Whether `code` is in {@link ERROR_CATALOGUE}. */
export function isRatchetErrorCode(code: string): code is RatchetErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, code);
}
