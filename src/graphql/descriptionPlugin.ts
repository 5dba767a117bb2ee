import "postgraphile";
import type { PgResource } from "postgraphile/@dataplan/pg";
import type { GraphQLEnumValueConfigMap } from "postgraphile/graphql";

/** A value's name, a colon and its sentences, up to the next value's name. */
const VALUE_IN_COMMENT = /(?<name>[A-Z]+): (?<text>.+?)(?= [A-Z]+: |$)/gv;

/** Documents, from the same comments as all else, what PostGraphile leaves without a word. */
export const DescriptionPlugin: GraphileConfig.Plugin = {
  name: "RatchetDescriptionPlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      // Each status gets its part of the type's comment, "PENDING: not started. RUNNING: …".
      GraphQLEnumType(type) {
        const comment = (type.description ?? "").replaceAll(/\s+/gv, " ");
        const texts = new Map(
          [...comment.matchAll(VALUE_IN_COMMENT)].map(({ groups }) => [groups?.["name"] ?? "", groups?.["text"] ?? ""]),
        );
        const values = { ...(type.values as GraphQLEnumValueConfigMap) };
        for (const [name, value] of Object.entries(values)) {
          const text = texts.get(name);
          if (text !== undefined) {
            values[name] = { ...value, description: text.charAt(0).toUpperCase() + text.slice(1) };
          }
        }
        return { ...type, values };
      },
      // The arguments of `job(id)` and its like are columns.
      GraphQLObjectType_fields_field_args_arg(argument, build, { scope }) {
        if (scope.isPgRowByUniqueConstraintField !== true || scope.pgFieldResource === undefined) {
          return argument;
        }
        const { codec } = scope.pgFieldResource as PgResource;
        const column = Object.entries(codec.attributes ?? {}).find(
          ([attributeName]) => build.inflection.attribute({ codec, attributeName } as never) === scope.argName,
        )?.[1];
        return { ...argument, description: column?.description };
      },
    },
  },
};
