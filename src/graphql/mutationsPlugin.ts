import "postgraphile";
import {
  type GraphQLInputType,
  type GraphQLOutputType,
  GraphQLList,
  GraphQLNonNull,
  getNullableType,
} from "postgraphile/graphql";
import { ARGUMENT_DESCRIPTIONS, EXPOSED_MUTATIONS } from "./mutations.ts";
import { functionNameOf, ownFunctions } from "./ownFunctions.ts";

/** What mutations of PostGraphile's have besides: the one for clients of 2015, the other a query inside a mutation. */
const SUPERFLUOUS_FIELDS: ReadonlySet<string> = new Set(["clientMutationId", "query"]);

/** Names and documents the mutations, and demands the arguments that have no default. */
export const MutationsPlugin: GraphileConfig.Plugin = {
  name: "RatchetMutationsPlugin",
  version: "1.0.0",
  after: ["PgCustomTypeFieldPlugin", "MutationPayloadQueryPlugin"],
  inflection: {
    replace: {
      argument(previous, _options, details) {
        const names = EXPOSED_MUTATIONS[functionNameOf(details.resource) ?? ""]?.argumentNames;
        return names?.[details.param.name ?? ""] ?? previous?.(details) ?? "";
      },
    },
  },
  gather: {
    hooks: {
      pgProcedures_PgResourceOptions(_info, { resourceOptions }) {
        if (EXPOSED_MUTATIONS[functionNameOf(resourceOptions) ?? ""] === undefined) {
          return;
        }
        for (const parameter of resourceOptions.parameters ?? []) {
          if (parameter.optional !== true) {
            Object.assign(parameter, { notNull: true });
          }
        }
      },
    },
  },
  schema: {
    hooks: {
      GraphQLInputObjectType(type, build, { scope }) {
        const mutation = scope.isMutationInput === true ? mutationOf(build, type.name) : undefined;
        return mutation === undefined ? type : { ...type, description: `What ${mutation} takes.` };
      },
      GraphQLInputObjectType_fields(fields, build, { Self, scope }) {
        return scope.isMutationInput === true && mutationOf(build, Self.name) !== undefined ? without(fields) : fields;
      },
      GraphQLInputObjectType_fields_field(field, build, { Self, scope }) {
        return scope.isMutationInput === true && mutationOf(build, Self.name) !== undefined
          ? { ...field, type: withoutNulls(field.type), description: ARGUMENT_DESCRIPTIONS[scope.fieldName] }
          : field;
      },
      GraphQLObjectType(type, _build, { scope: { isMutationPayload, pgTypeResource } }) {
        const name = isMutationPayload === true ? functionNameOf(pgTypeResource ?? {}) : undefined;
        return name === undefined ? type : { ...type, description: `What has become of a call of ${name}.` };
      },
      GraphQLObjectType_fields(fields, _build, { scope: { isMutationPayload, pgTypeResource } }) {
        return isMutationPayload === true && functionNameOf(pgTypeResource ?? {}) !== undefined
          ? without(fields)
          : fields;
      },
      GraphQLObjectType_fields_field(field, _build, { scope: { isMutationPayload, pgTypeResource, fieldName } }) {
        const exposed =
          isMutationPayload === true ? EXPOSED_MUTATIONS[functionNameOf(pgTypeResource ?? {}) ?? ""] : undefined;
        return exposed?.result === fieldName ? { ...field, description: exposed.resultDescription } : field;
      },
      GraphQLObjectType_fields_field_args_arg(argument, build, { scope: { isRootMutation, fieldName, argName } }) {
        return isRootMutation === true && argName === "input" && isOwnMutation(build, fieldName)
          ? { ...argument, description: "The arguments." }
          : argument;
      },
    },
  },
};

/** The same type, with no null in a list. */
export function withoutNulls<Type extends GraphQLInputType | GraphQLOutputType>(type: Type): Type {
  const list: unknown = getNullableType(type);
  if (!(list instanceof GraphQLList)) {
    return type;
  }
  const full = new GraphQLList(new GraphQLNonNull(getNullableType(list.ofType as GraphQLInputType)));
  return (type instanceof GraphQLNonNull ? new GraphQLNonNull(full) : full) as unknown as Type;
}

/** The mutation whose input this type is, if it is one of ours. */
function mutationOf(build: GraphileBuild.Build, inputType: string): string | undefined {
  for (const [name, resource] of ownFunctions(build)) {
    if (EXPOSED_MUTATIONS[name] !== undefined && build.inflection.customMutationInput({ resource }) === inputType) {
      return build.inflection.customMutationField({ resource });
    }
  }
  return undefined;
}

function isOwnMutation(build: GraphileBuild.Build, field: string): boolean {
  return [...ownFunctions(build).values()].some(
    (resource) => build.inflection.customMutationField({ resource }) === field,
  );
}

function without<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !SUPERFLUOUS_FIELDS.has(name))) as Fields;
}
