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

/** Whether Postgres asks for the whole transaction to be run again: serialization failure or deadlock. */
export function isRepeatRequest(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01";
}

// 08: connection exceptions. 25P03, 25P04, 57P..: Postgres has ended the session.
const SESSION_ENDED = /^(?:08|25P03|25P04|57P)/v;

/**
 * Whether a statement may have taken effect though its call failed: the connection broke or its server process was ended.
 * Whatever else Postgres itself says is an answer. What its severity is does not tell, because Postgres translates the word.
 */
export function isAnswerLost(error: unknown): boolean {
  const isFromPostgres = typeof error === "object" && error !== null && "severity" in error;
  return !isFromPostgres || SESSION_ENDED.test(codeOf(error) ?? "");
}
