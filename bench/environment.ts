/** Where Absurd's SQL file lies, from `ABSURD_SQL` (`--absurd-sql FILE` sets it for the runs); null if unset. */
export function absurdSqlFile(): string | null {
  const file = process.env["ABSURD_SQL"]?.trim() ?? "";
  return file === "" ? null : file;
}

/** The environment of a run: ours, with Absurd's file if `--absurd-sql` named one. */
export function runEnvironment(absurdSql: string | undefined): NodeJS.ProcessEnv {
  return absurdSql === undefined ? process.env : { ...process.env, ABSURD_SQL: absurdSql };
}
