/** An error as GraphQL answers it. */
export interface AnsweredError {
  readonly message: string;
  readonly extensions?: {
    readonly code?: string;
    readonly hint?: string;
    readonly fields?: unknown;
  };
}

/** What the server refused, or that it cannot be reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Ratchet's code, such as RT016; null if nobody answered. */
  readonly code: string | null;
  /** What to do. */
  readonly hint: string | null;
  /** Everything the server said of it. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.details = details;
    this.code = typeof details["code"] === "string" ? details["code"] : null;
    this.hint = typeof details["hint"] === "string" ? details["hint"] : null;
  }
}

/** The first of a list of errors, which is the one that matters. */
export function apiErrorOf(errors: readonly AnsweredError[]): ApiError {
  const [first] = errors;
  return new ApiError(first?.message ?? "The server gave no answer.", first?.extensions ?? {});
}

/** Whatever was thrown, as an ApiError. */
export function asApiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) {
    return cause;
  }
  if (Array.isArray(cause)) {
    return apiErrorOf(cause as AnsweredError[]);
  }
  return new ApiError("The server cannot be reached.", {
    hint: "Is `ratchet serve` running? This page goes on by itself as soon as it answers.",
  });
}
