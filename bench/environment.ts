/** Where Absurd's SQL file lies, from `ABSURD_SQL`; null if unset. */
export function absurdSqlFile(): string | null {
  const file = process.env["ABSURD_SQL"]?.trim() ?? "";
  return file === "" ? null : file;
}

/** Says it to this process and to those it starts. */
export function setAbsurdSqlFile(file: string): void {
  process.env["ABSURD_SQL"] = file;
}
