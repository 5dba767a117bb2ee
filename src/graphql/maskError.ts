import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { GraphQLError } from "postgraphile/graphql";
import { isSafeError } from "postgraphile/grafast";
import { codeOf, isOwnPoolBusy, isRepeatRequest } from "../database/transientErrors.ts";
import { ERROR_CATALOGUE } from "../errors/catalogue.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { RatchetError, isRatchetError } from "../errors/ratchetError.ts";

// graphql 16 says this of a document without a place in it.
const NO_SUCH_OPERATION = /^(?:Must provide an operation|Must provide operation name|Unknown operation named)/v;

// postgraphile-plugin-connection-filter 4.0.1 throws a plain error.
const NULL_IN_FILTER = "Null literals are forbidden in filter argument input";

const INSUFFICIENT_PRIVILEGE = "42501";

/** What a client learns of an error besides its message. */
export function toGraphqlExtensions(error: RatchetError, reference?: string): Record<string, unknown> {
  return {
    code: error.code,
    name: ERROR_CATALOGUE[error.code].name,
    hint: error.hint,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.issues === undefined ? {} : { issues: error.issues }),
    retryable: error.retryable,
    ...(reference === undefined ? {} : { reference }),
  };
}

/**
 * Creates what decides how much of an error a client sees: Ratchet's own errors with code and hint, and what is wrong with
 * the query itself; of anything else a reference, under which the log has the error. Queries and their values are not
 * logged. Where tokens are asked for, missing rights are those of the token's role.
 */
export function createMaskError(
  log: () => Logger,
  asksForTokens: () => boolean = () => false,
): (error: GraphQLError) => GraphQLError {
  return (error) => {
    const cause: unknown = error.originalError;
    if (isFaultOfQuery(error, cause)) {
      return error;
    }
    if (codeOf(cause) === INSUFFICIENT_PRIVILEGE && asksForTokens()) {
      const errorMessage = cause instanceof Error ? cause.message : String(cause);
      log().info({ path: error.path?.join("."), errorMessage }, "a GraphQL request was refused to its role");
      const forbidden = new RatchetError("RT154", "Your role may not do this.");
      return rewritten(error, forbidden.message, toGraphqlExtensions(forbidden));
    }
    const known = toKnownError(cause);
    if (known !== undefined) {
      return rewritten(error, known.message, toGraphqlExtensions(known));
    }
    const reference = randomUUID();
    const shown = cause instanceof Error ? cause : error;
    log().error(
      { reference, path: error.path?.join("."), code: codeOf(shown), errorMessage: shown.message, stack: shown.stack },
      "a GraphQL request failed",
    );
    const hidden = new RatchetError("RT134", `Something went wrong inside; the log has it under ${reference}.`);
    return rewritten(error, hidden.message, toGraphqlExtensions(hidden, reference));
  };
}

/** Whether the same request may succeed in a moment. */
export function isPassingError({ originalError }: GraphQLError): boolean {
  return (
    isRepeatRequest(originalError) || isOwnPoolBusy(originalError) || toKnownError(originalError)?.retryable === true
  );
}

/** What GraphQL itself says of a query, with a place in it; what was thrown while it was planned has none. */
function isFaultOfQuery(error: GraphQLError, cause: unknown): boolean {
  if (cause === undefined || cause === null) {
    return error.positions !== undefined || NO_SUCH_OPERATION.test(error.message);
  }
  return cause instanceof GraphQLError || (cause instanceof Error && isSafeError(cause));
}

function toKnownError(cause: unknown): RatchetError | undefined {
  const code = codeOf(cause) ?? "";
  if (cause instanceof Error && cause.message.startsWith(NULL_IN_FILTER)) {
    return new RatchetError("RT006", "A filter holds null, which would be no condition at all.", {
      hint: "Leave the field out, or look for rows without a value with isNull: true.",
    });
  }
  if (code === "57014") {
    return new RatchetError("RT133", "Postgres took too long over the query and stopped.");
  }
  // SQLSTATE class 22: a value that its type does not take. The message quotes what the client itself has sent.
  if (code.startsWith("22") && cause instanceof Error) {
    return new RatchetError("RT006", `A value in the query is not of its type: ${cause.message}.`, {
      hint: "Correct the value; ids are whole numbers written as strings, times are like 2026-11-23T10:00:00Z.",
    });
  }
  const known = toRatchetError(cause);
  if (!isRatchetError(known)) {
    return undefined;
  }
  // Host and role are the operator's business.
  return known.code === "RT101"
    ? new RatchetError("RT101", "Postgres cannot be reached at the moment.", { hint: "Try again in a moment." })
    : known;
}

function rewritten(error: GraphQLError, message: string, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    extensions,
  });
}
