import { ERROR_CATALOGUE, type RatchetErrorCode } from "./catalogue.ts";

/** One thing that is wrong with a payload. */
export interface PayloadIssue {
  /** Where, such as `images[2].url`; `payload` for the whole. */
  readonly path: string;
  /** What is wrong there; the value itself is not quoted by us, though a validator's own message may quote it. */
  readonly message: string;
}

/** What a {@link RatchetError} can carry besides its code and message. */
export interface RatchetErrorOptions {
  /** Facts that help to find the cause; no payload values, no secrets. */
  readonly detail?: string | undefined;
  /** What to do next, if this case knows better than the catalogue's advice. */
  readonly hint?: string | undefined;
  /** Whether the same call can succeed later unchanged, if this case differs from the catalogue. */
  readonly retryable?: boolean | undefined;
  /** Everything that is wrong, place by place. */
  readonly issues?: readonly PayloadIssue[] | undefined;
  readonly cause?: unknown;
}

// Symbol.for: a service may load two copies of the package, and instanceof knows only one of them.
const ratchetErrorBrand = Symbol.for("pg-ratchet.RatchetError");

/**
 * An error a user of Ratchet can see. The message says what happened with its values, `hint` what to do next;
 * `docs/errors.md` has a section for each code.
 */
export class RatchetError extends Error {
  override readonly name: string = "RatchetError";
  readonly [ratchetErrorBrand] = true;
  /** The SQLSTATE of class RT, the same whether SQL or TypeScript raised it. */
  readonly code: RatchetErrorCode;
  readonly detail: string | undefined;
  readonly hint: string;
  /** Whether the same call can succeed later without a change by anybody. */
  readonly retryable: boolean;
  /** With RT118: everything that is wrong with the payload, place by place. */
  readonly issues: readonly PayloadIssue[] | undefined;

  constructor(code: RatchetErrorCode, message: string, options: RatchetErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    const entry = ERROR_CATALOGUE[code];
    this.code = code;
    this.detail = options.detail;
    this.hint = options.hint ?? entry.advice;
    this.retryable = options.retryable ?? entry.retryable;
    this.issues = options.issues;
  }
}

/**
 * The error of a time-out, and the reason of the signals that it aborts. Its name is that of `AbortSignal.timeout()`'s reason, so
 * that code which asks for that one finds this one too.
 */
export class TimeoutError extends RatchetError {
  override readonly name = "TimeoutError";
}

/** Whether `value` is a {@link RatchetError}, of this or another copy of the package. */
export function isRatchetError(value: unknown): value is RatchetError {
  return value instanceof Error && ratchetErrorBrand in value;
}
