import "postgraphile";
import { GraphQLList, GraphQLNonNull, isInputType } from "postgraphile/graphql";
import { ARGUMENT_DESCRIPTIONS } from "./mutations.ts";
import { withoutNulls } from "./mutationsPlugin.ts";
import { type FunctionResource, ownFunctions } from "./ownFunctions.ts";

/** The input type of one job of `addJobs`. */
const JOB_INPUT = "NewJobInput";

/** Gives `addJobs`, which takes JSON in SQL, a list of objects with the arguments of `addJob`. */
export const JobSpecPlugin: GraphileConfig.Plugin = {
  name: "RatchetJobSpecPlugin",
  version: "1.0.0",
  after: ["RatchetMutationsPlugin", "PgCustomTypeFieldPlugin"],
  schema: {
    hooks: {
      init(_, build) {
        const addJob = ownFunctions(build).get("add_job");
        if (addJob !== undefined) {
          registerJobInput(build, addJob);
        }
        return _;
      },
      GraphQLInputObjectType_fields_field(field, build, { Self, scope: { fieldName } }) {
        const addJobs = ownFunctions(build).get("add_jobs");
        const type = build.getTypeByName(JOB_INPUT);
        if (
          fieldName !== "jobs" ||
          addJobs === undefined ||
          build.inflection.customMutationInput({ resource: addJobs }) !== Self.name ||
          !isInputType(type)
        ) {
          return field;
        }
        return { ...field, type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type))) };
      },
    },
  },
};

function registerJobInput(build: GraphileBuild.Build, addJob: FunctionResource): void {
  const details = () => build.pgGetArgDetailsFromParameters(addJob as never).argDetails;
  const { interval } = build.dataplanPg.TYPES;
  const intervalText = (value: unknown): unknown => interval.toPg(value as never);
  build.registerInputObjectType(
    JOB_INPUT,
    {},
    () => ({
      description: "A job for addJobs: what addJob takes.",
      fields: () =>
        Object.fromEntries(
          details().map(({ graphqlArgName, inputType }) => [
            graphqlArgName,
            { type: withoutNulls(inputType), description: ARGUMENT_DESCRIPTIONS[graphqlArgName] },
          ]),
        ),
      extensions: {
        grafast: {
          // As add_jobs names them: it refuses what it does not know.
          baked: (given: Readonly<Record<string, unknown>>): Record<string, unknown> =>
            Object.fromEntries<unknown>(
              details().flatMap(({ graphqlArgName, postgresArgName, pgCodec }) => {
                const value = given[graphqlArgName];
                return value === undefined || typeof postgresArgName !== "string"
                  ? []
                  : [[postgresArgName, pgCodec === interval && value !== null ? intervalText(value) : value]];
              }),
            ),
        },
      },
    }),
    "RatchetJobSpecPlugin",
  );
}
