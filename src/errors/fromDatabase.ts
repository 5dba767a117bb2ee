import { isRatchetErrorCode } from "./catalogue.ts";
import { isRatchetError, RatchetError } from "./ratchetError.ts";

// Codes of sockets and name look-ups, and Postgres' own while it starts, stops or has no connection left.
const UNREACHABLE_FOR_NOW = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "53300",
  "57P01",
  "57P02",
  "57P03",
]);

const NO_SUCH_DATABASE = "3D000";

// Before it asks the server: the server wants a password, and DATABASE_URL has none.
const PASSWORD_MISSING_MESSAGE = /^SASL: .*client password must be/v;

const INSUFFICIENT_PRIVILEGE = "42501";

// pg gives these no code; the texts are those of pg 8.23 (client.js) and pg-pool 3 (index.js).
const UNREACHABLE_MESSAGE =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|timeout expired$)/v;

/**
 * Turns what `pg` throws into a {@link RatchetError} where Ratchet knows more than Postgres: its own SQLSTATEs (class RT)
 * keep message, detail and hint; a lost connection and one that is refused is RT101, missing rights are RT103. Everything else comes
 * back unchanged. Never throws.
 */
export function toRatchetError(error: unknown): unknown {
  if (!(error instanceof Error) || isRatchetError(error)) {
    return error;
  }
  const code = textOf(error, "code") ?? "";
  const detail = textOf(error, "detail");

  if (isRatchetErrorCode(code)) {
    // Without the cause, which says nothing more and would be printed below as the same text once again.
    return new RatchetError(code, error.message, { detail, hint: textOf(error, "hint") });
  }
  const refusalHint = hintForRefusal(error, code);
  if (refusalHint !== undefined) {
    // Waiting does not help.
    const options = { detail, hint: refusalHint, retryable: false, cause: error };
    return new RatchetError("RT101", `Postgres refused the connection: ${reasonOf(error)}.`, options);
  }
  if (isUnreachable(error, code)) {
    return new RatchetError("RT101", `Postgres cannot be reached: ${reasonOf(error)}.`, { detail, cause: error });
  }
  if (code === INSUFFICIENT_PRIVILEGE) {
    return new RatchetError("RT103", `Postgres refused for lack of rights: ${error.message}.`, {
      detail,
      cause: error,
    });
  }
  return error;
}

/** What to do about a server that answers and lets nobody in like this; undefined if that is not what happened. */
function hintForRefusal(error: Error, code: string): string | undefined {
  if (code === NO_SUCH_DATABASE) {
    return "Correct the database's name in DATABASE_URL, or create it: create database NAME.";
  }
  // SQLSTATE class 28: wrong password, no such role, no entry in pg_hba.conf.
  return /^28[0-9A-Z]{3}$/v.test(code) || PASSWORD_MISSING_MESSAGE.test(error.message)
    ? "Correct user and password in DATABASE_URL. If they are right, the server's pg_hba.conf does not let them in from this machine."
    : undefined;
}

function isUnreachable(error: Error, code: string): boolean {
  return (
    UNREACHABLE_FOR_NOW.has(code) ||
    // SQLSTATE class 08: connection exceptions.
    /^08[0-9A-Z]{3}$/v.test(code) ||
    // A missing Unix socket; ENOENT alone would swallow missing files too.
    (code === "ENOENT" && textOf(error, "syscall") === "connect") ||
    (code === "" && UNREACHABLE_MESSAGE.test(error.message))
  );
}

/** Node joins the failures of all addresses of a host into an AggregateError whose own message is empty. */
function reasonOf(error: Error): string {
  if (error.message === "" && error instanceof AggregateError) {
    return error.errors.map((each: unknown) => (each instanceof Error ? each.message : String(each))).join("; ");
  }
  return error.message.replace(/\.$/v, "");
}

function textOf(error: Error, property: string): string | undefined {
  const value: unknown = Reflect.get(error, property);
  return typeof value === "string" && value !== "" ? value : undefined;
}
