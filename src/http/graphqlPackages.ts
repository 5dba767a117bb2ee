import { createRequire } from "node:module";
import { presetGraphileEnvironment } from "../config/graphileEnvironment.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import type { GraphqlHandler, GraphqlHandlerOptions } from "../graphql/graphqlHandler.ts";

/** The optional peers that GraphQL needs, with the versions that package.json states; a test holds them together. */
export const GRAPHQL_PACKAGES = {
  postgraphile: "^5.1.5",
  "@graphile/simplify-inflection": "^9.0.0",
  "postgraphile-plugin-connection-filter": "^4.0.1",
  graphql: "^16.9.0",
  "graphql-ws": "^6.4.2",
  jose: "^6.2.18",
  ws: "^8.23.0",
} as const;

/** The packages of GraphQL that cannot be found; none if it can be served. `isInstalled` is for tests. */
export function missingGraphqlPackages(isInstalled: (name: string) => boolean = canResolve): string[] {
  return Object.keys(GRAPHQL_PACKAGES).filter((name) => !isInstalled(name));
}

/** The command that installs what GraphQL needs. */
export function installLine(): string {
  const packages = Object.entries(GRAPHQL_PACKAGES).map(([name, version]) => `${name}@${version}`);
  return `npm install ${packages.join(" ")}`;
}

/**
 * Refuses if a package is missing.
 * @throws {RatchetError} RT131 with the line that installs what is missing.
 */
export function demandGraphqlPackages(isInstalled?: (name: string) => boolean): void {
  const missing = missingGraphqlPackages(isInstalled);
  if (missing.length > 0) {
    throw new RatchetError("RT131", `The GraphQL API needs packages that are not installed: ${missing.join(", ")}.`, {
      hint: installLine(),
    });
  }
}

/** Imports the GraphQL API, which takes half a second and is optional, and builds it. */
export async function loadGraphqlHandler(options: GraphqlHandlerOptions): Promise<GraphqlHandler> {
  presetGraphileEnvironment();
  const { createGraphqlHandler } = await import("../graphql/graphqlHandler.ts");
  return createGraphqlHandler(options);
}

function canResolve(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch (error) {
    // A package without an entry for `require` is there all the same.
    return (error as NodeJS.ErrnoException).code === "ERR_PACKAGE_PATH_NOT_EXPORTED";
  }
}
