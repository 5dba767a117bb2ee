/** What is fixed about one error code. */
export interface ErrorCatalogueEntry {
  /** A stable snake_case name, for people and for GraphQL's `extensions`. */
  readonly name: string;
  /** What the code means, in one sentence. */
  readonly summary: string;
  /** What to do next; the default `hint`. */
  readonly advice: string;
  /** Whether the same call can succeed later without a change by anybody. */
  readonly retryable: boolean;
}
