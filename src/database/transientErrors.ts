import { toRatchetError } from "../errors/fromDatabase.ts";
import { isRatchetError } from "../errors/ratchetError.ts";

/** Kinds of errors the engine answers in different ways. */
export type DatabaseTrouble =
  /** Somebody else holds a row for longer than our lock_timeout. */
  | "locked"
  /** Postgres refuses a value as such; the same value will always be refused. */
  | "value refused"
  /** Anything else: a lost connection, a restart, a deadlock, missing rights; may pass. */
  | "passing";

// 21: cardinality. 22: data exception (\u0000, lone surrogates, bad JSON). 23: a constraint. 54: program limit (depth,
// size). P0 and RT: raised by a trigger or function, the user's or ours.
const REFUSED_VALUE = /^(?:21|22|23|54|P0|RT)/v;

/** The SQLSTATE of a Postgres error or the code of a system error; `null` if there is none. */
export function codeOf(error: unknown): string | null {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : null;
}

/** Which kind of trouble an error of a database call is. */
export function troubleOf(error: unknown): DatabaseTrouble {
  const code = codeOf(error) ?? "";
  if (code === "55P03") {
    return "locked";
  }
  return REFUSED_VALUE.test(code) ? "value refused" : "passing";
}

/** What is wrong with Postgres, as far as people can do something about it. */
export type TroubleKind =
  | "unreachable"
  /** The server lets nobody in with this user, password and database. */
  | "refused"
  /** No connection is left for us. */
  | "full"
  /** A replica, or a primary that was told to take no writes. */
  | "read only"
  | "disk full"
  /** Somebody else's lock. */
  | "locked"
  /** The role lacks a right. */
  | "rights"
  /** A table or function is not there. */
  | "missing"
  | "other";

const KINDS: Readonly<Record<string, TroubleKind>> = {
  // The database takes no connections now.
  "55000": "refused",
  "53300": "full",
  "25006": "read only",
  "53100": "disk full",
  ENOSPC: "disk full",
  "55P03": "locked",
  "42501": "rights",
  "3F000": "missing",
  "42P01": "missing",
  "42883": "missing",
};

/** Whether Postgres ended the session because a transaction was idle, or open, for longer than the role may have it. */
export function isLimitOfRole(error: unknown): boolean {
  const code = codeOf(error);
  return code === "25P03" || code === "25P04";
}

// 08: connection exceptions. 25P03, 25P04, 57P..: Postgres has ended the session.
const SESSION_ENDED = /^(?:08|25P03|25P04|57P)/v;

/** Which kind of trouble an error is that is no refused value. */
export function kindOfTrouble(error: unknown): TroubleKind {
  const code = codeOf(error) ?? "";
  const known = KINDS[code];
  if (known !== undefined) {
    return known;
  }
  if (/^(?:28|3D)/v.test(code)) {
    return "refused";
  }
  const shown = toRatchetError(error);
  return SESSION_ENDED.test(code) || (isRatchetError(shown) && shown.code === "RT101") ? "unreachable" : "other";
}

// pg-pool gives it no code: every connection of our own pool is lent out.
const OWN_POOL_BUSY = "timeout exceeded when trying to connect";

/** Whether the error says only that this process has all its connections in use: no trouble of Postgres'. */
export function isOwnPoolBusy(error: unknown): boolean {
  return error instanceof Error && error.message === OWN_POOL_BUSY;
}

// Where Postgres finds that a row has more columns than when the statement was planned, by the code it says so with.
const CHANGED_ROW: Readonly<Record<string, string>> = { "42804": "tupledesc_match", "0A000": "RevalidateCachedQuery" };

/**
 * Whether the whole transaction is to be run again: a serialization failure, a deadlock, or a migration that added a column
 * while a statement waited for it.
 */
export function isRepeatRequest(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  const isChangedRow =
    CHANGED_ROW[code] !== undefined && (error as { readonly routine?: unknown }).routine === CHANGED_ROW[code];
  return code === "40001" || code === "40P01" || isChangedRow;
}

/**
 * Whether a statement may have taken effect though its call failed: the connection broke or its server process was ended.
 * Whatever else Postgres itself says is an answer. What its severity is does not tell, because Postgres translates the word.
 */
export function isAnswerLost(error: unknown): boolean {
  const isFromPostgres = typeof error === "object" && error !== null && "severity" in error;
  return !isFromPostgres || SESSION_ENDED.test(codeOf(error) ?? "");
}
