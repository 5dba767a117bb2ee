import "postgraphile";
import "postgraphile-plugin-connection-filter";
import type { PgCodec } from "postgraphile/@dataplan/pg";

/** Leaves out what says the same as something else. */
export const LeanSchemaPlugin: GraphileConfig.Plugin = {
  name: "RatchetLeanSchemaPlugin",
  version: "1.0.0",
  after: [
    "NodeAccessorPlugin",
    "PgOrderByPrimaryKeyPlugin",
    "PgConnectionArgOrderByPlugin",
    "PgConnectionArgFilterOperatorsPlugin",
  ],
  schema: {
    hooks: {
      GraphQLObjectType_fields(fields, _build, { scope: { isRootQuery } }) {
        // `node(nodeId)` finds objects of every type.
        return isRootQuery === true ? without(fields, (name) => name.endsWith("ByNodeId")) : fields;
      },
      GraphQLInputObjectType_fields(fields, build, { scope: { pgConnectionFilterOperators } }) {
        // They have an order in Postgres, which means nothing.
        const isUnordered = (codec: PgCodec): boolean =>
          build.dataplanPg.isEnumCodec(codec) || codec === build.dataplanPg.TYPES.boolean;
        return pgConnectionFilterOperators?.pgCodecs.every(isUnordered) === true
          ? without(fields, (name) => /^(?:less|greater)Than/v.test(name))
          : fields;
      },
      GraphQLEnumType_values(values, _build, { scope: { isPgRowSortEnum } }) {
        // Any order: a cursor into it leads nowhere. It stays where there is no other.
        const rest = isPgRowSortEnum === true ? without(values, (name) => name === "NATURAL") : values;
        return Object.keys(rest).length > 0 ? rest : values;
      },
    },
  },
};

function without<Entries extends object>(entries: Entries, isSuperfluous: (name: string) => boolean): Entries {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => !isSuperfluous(name))) as Entries;
}
