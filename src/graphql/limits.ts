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
  /** Length of a request's body. */
  bodyBytes: 100_000,
  /** How long Postgres works on one statement. */
  statementTimeoutMs: 10_000,
} as const;
