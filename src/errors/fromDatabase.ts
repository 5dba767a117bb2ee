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

// Wrong password, no such role or pg_hba entry, no such database: waiting does not help.
const UNREACHABLE_UNTIL_CHANGED = new Set(["28000", "28P01", "3D000"]);

const INSUFFICIENT_PRIVILEGE = "42501";

// pg gives these no code; the texts are those of pg 8.23 (client.js) and pg-pool 3 (index.js).
const UNREACHABLE_MESSAGE =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|timeout expired$)/v;

/**
 * Turns what `pg` throws into a {@link RatchetError} where Ratchet knows more than Postgres: its own SQLSTATEs (class RT)
 * keep message, detail and hint; a lost or refused connection is RT101, missing rights are RT103. Everything else comes
 * back unchanged. Never throws.
 */
export function toRatchetError(error: unknown): unknown {
  if (!(error instanceof Error) || isRatchetError(error)) {
    return error;
  }
  const code = textOf(error, "code") ?? "";
  const detail = textOf(error, "detail");

  if (isRatchetErrorCode(code)) {
    return new RatchetError(code, error.message, { detail, hint: textOf(error, "hint"), cause: error });
  }
  if (isUnreachable(error, code)) {
    return new RatchetError("RT101", `Postgres cannot be reached: ${reasonOf(error)}.`, {
      detail,
      retryable: !UNREACHABLE_UNTIL_CHANGED.has(code),
      cause: error,
    });
  }
  if (code === INSUFFICIENT_PRIVILEGE) {
    return new RatchetError("RT103", `Postgres refused for lack of rights: ${error.message}.`, {
      detail,
      cause: error,
    });
  }
  return error;
}

function isUnreachable(error: Error, code: string): boolean {
  return (
    UNREACHABLE_FOR_NOW.has(code) ||
    UNREACHABLE_UNTIL_CHANGED.has(code) ||
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
