/** The `code` of an error of Node or pg (`ENOENT`, `42501`), "" if it has none. */
export function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "";
}

/** Whether the error says that this process may not write there. */
export function isWriteRefused(error: unknown): boolean {
  return ["EACCES", "EPERM", "EROFS", "ENOTDIR"].includes(codeOf(error));
}
