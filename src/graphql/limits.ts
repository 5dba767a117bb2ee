/** What one request may ask for. Documented in docs/graphql.md. */
export const LIMITS = {
  /** Rows of a list, unless `first` or `last` say fewer. */
  rowsOfList: 100,
  /** Fields inside fields. */
  depth: 12,
  /** Lists inside lists. */
  nestedLists: 3,
  /** Fields of the query itself, each of which is a statement of its own. */
  rootFields: 20,
  /** Fields altogether, those of a fragment each time it is spread. */
  fields: 1000,
  /** Names that a query gives one field without fields of its own. */
  namesOfField: 3,
  /** Values in filters: conditions, and elements of lists; those of a variable each time it is used. */
  conditions: 500,
  /** Names, values and signs of a query's text. */
  words: 4000,
  /** Brackets inside brackets of a query's text. */
  brackets: 100,
  /** Length of a request's body. */
  bodyBytes: 100_000,
  /** What Postgres sends for one transaction: more than the longest payload. */
  answerBytes: 40_000_000,
  /** Requests that are answered at once. */
  requestsAtOnce: 200,
  /** Those of one caller (tenant and subject). */
  requestsOfCaller: 100,
} as const;

/** How long Postgres works on one statement unless the server's options say otherwise. */
export const DEFAULT_STATEMENT_TIMEOUT_MS = 10_000;
