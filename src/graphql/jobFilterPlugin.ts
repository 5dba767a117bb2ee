import "postgraphile";
import "postgraphile-plugin-connection-filter";
import type { PgConditionCapableParent } from "postgraphile/@dataplan/pg";
import type { InputObjectFieldApplyResolver } from "postgraphile/grafast";
import { type GraphQLInputFieldConfig, GraphQLBoolean, GraphQLString, isInputType } from "postgraphile/graphql";

import { UNFINISHED_STATUSES, noting, searchCondition } from "./jobSearch.ts";

type Condition = Pick<PgConditionCapableParent, "alias" | "where">;
type Apply = InputObjectFieldApplyResolver<Condition>;
type Build = GraphileBuild.Build;

/** The tag that a table has if the index of docs/graphql.md over payloads is there. */
export const PAYLOAD_INDEX_TAG = "ratchetPayloadIndex";

/** Lets lists of jobs be filtered by what their index serves and no column says by itself. */
export const JobFilterPlugin: GraphileConfig.Plugin = {
  name: "RatchetJobFilterPlugin",
  version: "1.0.0",
  after: ["PgConnectionArgFilterAttributesPlugin"],
  schema: {
    hooks: {
      GraphQLInputObjectType_fields(fields, build, { scope: { isPgConnectionFilter, pgCodec } }) {
        const status = fields["status"];
        if (isPgConnectionFilter !== true || pgCodec?.extensions?.pg?.name !== "jobs" || status === undefined) {
          return fields;
        }
        const { schemaName } = pgCodec.extensions.pg;
        return {
          ...fields,
          search: textSearch(build, schemaName),
          status: withImpliedEnd(build, status),
          isFinal: {
            description: "Whether nothing more happens to the job by itself; the same as finishedAt not being null.",
            type: GraphQLBoolean,
            apply: finality(build),
          },
          ...(pgCodec.extensions.tags?.[PAYLOAD_INDEX_TAG] === true
            ? { payloadContains: containment(build, schemaName) }
            : {}),
        };
      },
      GraphQLObjectType_fields_field_args_arg(argument, _build, { scope: { argName, pgFieldResource } }) {
        const { applyPlan } = argument;
        if (argName !== "filter" || pgFieldResource?.extensions?.pg?.name !== "jobs" || applyPlan === undefined) {
          return argument;
        }
        return {
          ...argument,
          applyPlan: (parent, field, given, info) => {
            applyPlan(parent, field, noting(given), info);
          },
        };
      },
    },
  },
};

function finality({ sql }: Build): Apply {
  return (condition, value) => {
    refuseNull(value);
    if (typeof value === "boolean") {
      const column = sql`${condition.alias}.${sql.identifier("finished_at")}`;
      condition.where(value ? sql`${column} is not null` : sql`${column} is null`);
    }
  };
}

/** No index holds the status: this one condition spares reading every finished job where few or none match. */
function withImpliedEnd({ sql }: Build, field: GraphQLInputFieldConfig): GraphQLInputFieldConfig {
  const { apply } = field as { readonly apply?: Apply };
  const wrapped: Apply = (condition, value, info) => {
    const { equalTo, in: oneOf } = (value ?? {}) as { readonly equalTo?: unknown; readonly in?: readonly unknown[] };
    const wanted = Array.isArray(oneOf) ? oneOf : [equalTo];
    if (wanted.length > 0 && wanted.every((status) => UNFINISHED_STATUSES.has(status))) {
      condition.where(sql`${condition.alias}.${sql.identifier("finished_at")} is null`);
    }
    return apply?.(condition, value, info) as unknown;
  };
  const filter: GraphQLInputFieldConfig & { readonly apply: Apply } = { ...field, apply: wrapped };
  return filter;
}

function containment(build: Build, schema: string): GraphQLInputFieldConfig & { readonly apply: Apply } {
  const { sql, dataplanPg } = build;
  const json = build.getTypeByName("JSON");
  if (!isInputType(json)) {
    throw new Error("The schema has no type JSON.");
  }
  const jobsWithPayload = sql.identifier(`${schema}_private`, "jobs_with_payload");
  return {
    description:
      'Only jobs whose payload holds this: {"sku": "JKT-1"} finds {"sku": "JKT-1", "images": []}. There must be 10,000 of them at most.',
    type: json,
    apply: (condition, value) => {
      refuseNull(value);
      if (value !== undefined) {
        const wanted = dataplanPg.sqlValueWithCodec(value, dataplanPg.TYPES.jsonb);
        // In a select of its own, so that it is called once and not for each row.
        condition.where(
          sql`${condition.alias}.${sql.identifier("id")} = any ((select ${jobsWithPayload}(${wanted}))::bigint[])`,
        );
      }
    },
  };
}

function textSearch(build: Build, schema: string): GraphQLInputFieldConfig & { readonly apply: Apply } {
  return {
    description:
      "Only jobs with this text, in capitals or not, in identifier, job key, reason of cancelling, error of the failed task or payload (up to 16 kB as stored, and where the viewer may see it); or with this number. Looks at the newest 20,000 jobs of those that identifier, status, isFinal, tenant, createdAt and finishedAt beside it leave.",
    type: GraphQLString,
    apply: (condition, value) => {
      refuseNull(value);
      if (value !== undefined) {
        searchCondition(build, schema, condition, value);
      }
    },
  };
}

/** As the filter's other fields do; maskError knows the words. */
function refuseNull(value: unknown): void {
  if (value === null) {
    throw new Error("Null literals are forbidden in filter argument input.");
  }
}
