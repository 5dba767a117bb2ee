/** The first Node that runs TypeScript files as they are. package.json asks for it too. */
export const OLDEST_NODE = "22.18";

/** Whether a Node version, such as 20.20.2, is older than {@link OLDEST_NODE}. */
export function isNodeTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split(".").map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/**
 * What to do about a TypeScript file that Node does not know how to import; undefined if `error` is about something else.
 * @param version Node's. Default: of the Node that runs.
 */
export function typeScriptHint(error: unknown, version: string = process.versions.node): string | undefined {
  if ((error as { readonly code?: unknown } | null | undefined)?.code !== "ERR_UNKNOWN_FILE_EXTENSION") {
    return undefined;
  }
  return isNodeTooOld(version)
    ? `Node runs TypeScript files from ${OLDEST_NODE} on, and this is Node ${version}: start it with a newer Node.`
    : `Node ${version} runs TypeScript files, unless it is told not to: take --no-strip-types out of the command line and of NODE_OPTIONS.`;
}
