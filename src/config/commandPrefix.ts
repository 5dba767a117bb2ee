/**
 * How the user started us and can start us again: `npm run ratchet --` from an npm script, where there is no program
 * `ratchet` on the path of their shell, else `ratchet`.
 */
export function commandPrefix(environment: NodeJS.ProcessEnv = process.env): string {
  const isNpmScript = (environment["npm_lifecycle_event"] ?? "") !== "" && environment["npm_lifecycle_event"] !== "npx";
  return isNpmScript ? "npm run ratchet --" : "ratchet";
}
