/** How GraphQL refuses a document, or a variable for its form; not for its value. */
const OF_OTHER_VERSION =
  /^(?:Cannot query field|Unknown (?:type|argument|directive)|Field "|Fragment "|Variable "[^"]*" of (?:type|required type))|is not defined by type|does not exist in "/v;

/** An error as GraphQL answers it. */
export interface AnsweredError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** What is wrong with one field of a payload. */
export interface PayloadIssue {
  /** Such as `images[2]`. */
  readonly path: string;
  readonly message: string;
}

/** What the server refused, or that it cannot be reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Ratchet's code, such as RT016; null if nobody answered. */
  readonly code: string | null;
  /** What to do. */
  readonly hint: string | null;
  /** Whether the same may go well in a moment: nobody answered, or the server says so. */
  readonly isPassing: boolean;
  /** Of a payload that its schema rejects; else none. */
  readonly issues: readonly PayloadIssue[];

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = typeof details["code"] === "string" ? details["code"] : null;
    this.hint = typeof details["hint"] === "string" ? details["hint"] : null;
    this.isPassing = details["retryable"] === true;
    this.issues = Array.isArray(details["issues"]) ? (details["issues"] as readonly PayloadIssue[]) : [];
  }
}

/** The first of a list of errors, which is the one that matters. */
export function apiErrorOf(errors: readonly AnsweredError[]): ApiError {
  const [first] = errors;
  if (first !== undefined && isOfOtherVersion(first)) {
    return new ApiError("The server now runs another version of Ratchet than this page.", {
      hint: "Reload the page. What it shows meanwhile is what it last got.",
    });
  }
  return new ApiError(first?.message ?? "The server gave no answer.", first?.extensions ?? {});
}

/** Whether GraphQL does not know what this page asks for: its operations are right for the version it came with. */
function isOfOtherVersion({ message, extensions }: AnsweredError): boolean {
  return extensions?.["code"] === undefined && OF_OTHER_VERSION.test(message);
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
    retryable: true,
  });
}
