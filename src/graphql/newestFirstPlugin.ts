import "postgraphile";
import type { PgResource } from "postgraphile/@dataplan/pg";
import { EXPOSED_RELATIONS } from "./exposure.ts";

/** Lets lists of jobs and the like begin with the newest row unless the query orders them. */
export const NewestFirstPlugin: GraphileConfig.Plugin = {
  name: "RatchetNewestFirstPlugin",
  version: "1.0.0",
  after: ["PgConnectionArgOrderByDefaultValuePlugin"],
  schema: {
    hooks: {
      GraphQLObjectType_fields_field_args_arg(argument, build, { scope }) {
        const { argName, isPgFieldConnection, pgFieldResource } = scope;
        if (argName !== "orderBy" || isPgFieldConnection !== true || pgFieldResource === undefined) {
          return argument;
        }
        if (EXPOSED_RELATIONS[pgFieldResource.extensions?.pg?.name ?? ""]?.newestFirst !== true) {
          return argument;
        }
        const { codec } = pgFieldResource as PgResource;
        const orders = build.getTypeByName(build.inflection.orderByType(build.inflection.tableType(codec)));
        const newest =
          orders instanceof build.graphql.GraphQLEnumType
            ? orders.getValue(build.inflection.builtin("PRIMARY_KEY_DESC"))
            : null;
        return newest === null || newest === undefined ? argument : { ...argument, defaultValue: [newest.value] };
      },
    },
  },
};
