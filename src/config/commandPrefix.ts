/** The name of our own repository's package, which has an npm script `ratchet`. */
const OWN_PACKAGE = "pg-ratchet";

/**
 * How the user can start us again: from an npm script or by npx there may be no program `ratchet` on the path of their
 * shell, so it is `npm run ratchet --` in our own repository and `npx ratchet` elsewhere; else `ratchet`.
 */
export function commandPrefix(environment: NodeJS.ProcessEnv = process.env): string {
  if ((environment["npm_lifecycle_event"] ?? "") === "") {
    return "ratchet";
  }
  const isOwnScript = environment["npm_package_name"] === OWN_PACKAGE && environment["npm_lifecycle_event"] !== "npx";
  return isOwnScript ? "npm run ratchet --" : "npx ratchet";
}
