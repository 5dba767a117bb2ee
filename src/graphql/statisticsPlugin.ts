import "postgraphile";
import { EXPOSED_RELATIONS } from "./exposure.ts";
import { ARGUMENT_DESCRIPTIONS } from "./mutations.ts";
import { withoutNulls } from "./mutationsPlugin.ts";
import { functionNameOf, ownFunctions } from "./ownFunctions.ts";

/** What PostGraphile adds to a list that has no pages: it is as long as there are definitions. */
const PAGING_ARGUMENTS: ReadonlySet<string> = new Set(["first", "offset"]);

/** Names and documents the lists of the query that functions make, and lets answers of functions hold no null in a list. */
export const StatisticsPlugin: GraphileConfig.Plugin = {
  name: "RatchetStatisticsPlugin",
  version: "1.0.0",
  after: ["PgCustomTypeFieldPlugin", "PgFirstLastBeforeAfterArgsPlugin", "PgAttributesPlugin"],
  inflection: {
    replace: {
      customQueryListField(previous, _options, details) {
        return functionNameOf(details.resource) === undefined
          ? (previous?.(details) ?? "")
          : this.customQueryField(details);
      },
    },
  },
  schema: {
    hooks: {
      GraphQLObjectType_fields_field_args(fieldArguments, build, { scope: { isRootQuery, fieldName } }) {
        return isRootQuery === true && isOwnQuery(build, fieldName)
          ? Object.fromEntries(
              Object.entries(fieldArguments).flatMap(([name, argument]) =>
                PAGING_ARGUMENTS.has(name) ? [] : [[name, { ...argument, description: ARGUMENT_DESCRIPTIONS[name] }]],
              ),
            )
          : fieldArguments;
      },
      GraphQLObjectType_fields_field(field, _build, { scope: { pgCodec } }) {
        return EXPOSED_RELATIONS[pgCodec?.extensions?.pg?.name ?? ""]?.answer === undefined
          ? field
          : { ...field, type: withoutNulls(field.type) };
      },
    },
  },
};

function isOwnQuery(build: GraphileBuild.Build, field: string): boolean {
  return [...ownFunctions(build).values()].some(
    (resource) => build.inflection.customQueryField({ resource }) === field,
  );
}
