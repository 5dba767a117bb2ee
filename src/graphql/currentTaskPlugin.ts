import "postgraphile";
import type { PgSelectSingleStep } from "postgraphile/@dataplan/pg";
import { constant } from "postgraphile/grafast";

const UNFINISHED = ["PENDING", "RUNNING", "WAITING", "FAILED"];

/**
 * Adds `Job.currentTask`. Not the function jobs_current_task, because PostGraphile passes a function that gives a row the whole
 * row of the job, and viewers have no right on all of its columns.
 */
export const CurrentTaskPlugin: GraphileConfig.Plugin = {
  name: "RatchetCurrentTaskPlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      GraphQLObjectType_fields(fields, build, { scope, fieldWithHooks }) {
        const { pgCodec, isPgClassType } = scope;
        const schema = pgCodec?.extensions?.pg?.schemaName;
        const tasks = Object.values(build.input.pgRegistry.pgResources).find(
          ({ codec, parameters }) =>
            parameters === undefined &&
            codec.extensions?.pg?.name === "tasks" &&
            codec.extensions.pg.schemaName === schema,
        );
        const type = tasks === undefined ? undefined : build.getGraphQLTypeByPgCodec(tasks.codec, "output");
        if (
          isPgClassType !== true ||
          pgCodec?.extensions?.pg?.name !== "jobs" ||
          tasks === undefined ||
          type === undefined
        ) {
          return fields;
        }
        const { sql } = build;
        const field = fieldWithHooks({ fieldName: "currentTask" }, {
          description: "The first task that is not finished, where the job is or goes on; null once all are.",
          type: type as never,
          plan($job: PgSelectSingleStep) {
            const $tasks = tasks.find({ job_id: $job.get("id") });
            const statuses = sql.join(
              UNFINISHED.map((status) => sql.literal(status)),
              ", ",
            );
            $tasks.where(sql`${$tasks.alias}."status" in (${statuses})`);
            $tasks.orderBy({ attribute: "position", direction: "ASC" } as never);
            $tasks.setFirst(constant(1));
            return $tasks.single();
          },
        } as never);
        return build.extend(fields, { currentTask: field }, "RatchetCurrentTaskPlugin");
      },
    },
  },
};
