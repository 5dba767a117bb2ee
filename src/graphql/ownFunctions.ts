import "postgraphile";
import type { PgResource, PgResourceParameter } from "postgraphile/@dataplan/pg";

/** A function of the database as PostGraphile knows it. */
export type FunctionResource = PgResource<string, never, never, readonly PgResourceParameter[]>;

/** The tag that tells functions of Ratchet's from those of other schemas; it holds their name in SQL. */
export const FUNCTION_TAG = "ratchetFunction";

/** The name in SQL of a function of Ratchet's that GraphQL shows; undefined for any other one. */
export function functionNameOf({ extensions }: { readonly extensions?: PgResource["extensions"] }): string | undefined {
  const tag = extensions?.tags?.[FUNCTION_TAG];
  return typeof tag === "string" ? tag : undefined;
}

/** The functions of Ratchet's that GraphQL shows, by their names in SQL. */
export function ownFunctions(build: GraphileBuild.Build): ReadonlyMap<string, FunctionResource> {
  return new Map(
    Object.values(build.pgResources).flatMap((resource) => {
      const name = functionNameOf(resource as PgResource);
      return name === undefined ? [] : [[name, resource as unknown as FunctionResource]];
    }),
  );
}
