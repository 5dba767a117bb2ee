/** Options of {@link RetryLaterError}. */
export interface RetryLaterOptions {
  /**
   * How long to wait before the next try, such as `"30 s"`: the type `Duration` of src/definition, spelled out because
   * errors import nothing of the project.
   */
  readonly delay: `${number} ${"ms" | "s" | "min" | "h" | "d"}`;
  /** Whether this try counts against the task's `maxAttempts`; `false` suits a 429. Default: true. */
  readonly countAttempt?: boolean | undefined;
  /** Default: `Asked to be tried again in <delay>.` */
  readonly message?: string | undefined;
  readonly cause?: unknown;
}

// Symbol.for: a task file may import another copy of the package than the worker that runs it.
const nonRetryableBrand = Symbol.for("pg-ratchet.NonRetryableError");
const retryLaterBrand = Symbol.for("pg-ratchet.RetryLaterError");

/** Thrown by a handler whose task cannot succeed however often it is tried: the job fails for good at once. */
export class NonRetryableError extends Error {
  override readonly name = "NonRetryableError";
  readonly [nonRetryableBrand] = true;

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
  }
}

/** Thrown by a handler that knows when its task should be tried again, in place of the retry policy's delay. */
export class RetryLaterError extends Error {
  override readonly name = "RetryLaterError";
  readonly [retryLaterBrand] = true;
  readonly delay: RetryLaterOptions["delay"];
  readonly countAttempt: boolean;

  constructor(options: RetryLaterOptions) {
    super(
      options.message ?? `Asked to be tried again in ${options.delay}.`,
      "cause" in options ? { cause: options.cause } : undefined,
    );
    this.delay = options.delay;
    this.countAttempt = options.countAttempt ?? true;
  }
}

/** Whether a handler threw a {@link NonRetryableError}, of this or another copy of the package. */
export function isNonRetryableError(value: unknown): value is NonRetryableError {
  return value instanceof Error && nonRetryableBrand in value;
}

/** Whether a handler threw a {@link RetryLaterError}, of this or another copy of the package. */
export function isRetryLaterError(value: unknown): value is RetryLaterError {
  return value instanceof Error && retryLaterBrand in value;
}
