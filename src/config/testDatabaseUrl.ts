/** The server that `pg-ratchet/testing` makes its databases on, from `RATCHET_TEST_DATABASE_URL`; `null` if unset or empty. */
export function testDatabaseUrl(environment: NodeJS.ProcessEnv = process.env): string | null {
  const url = environment["RATCHET_TEST_DATABASE_URL"]?.trim() ?? "";
  return url === "" ? null : url;
}
