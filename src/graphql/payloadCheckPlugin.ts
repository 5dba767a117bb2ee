import "postgraphile";
import type { WithPgClient } from "postgraphile/@dataplan/pg";
import { type FieldArgs, type Step, object, sideEffect } from "postgraphile/grafast";
import { createPayloadCheck } from "../client/payloadCheck.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { DEFAULT_SCHEMA_NAMES, renameSchemas } from "../database/schemaNames.ts";
import { RatchetError, isRatchetError } from "../errors/ratchetError.ts";
import { type FunctionResource, ownFunctions } from "./ownFunctions.ts";

interface Given {
  readonly identifier: string;
  readonly payload?: unknown;
}

type Asked = Given | { readonly jobs: readonly Given[] };

/**
 * Lets addJob, addJobs and previewPlan check payloads against the definition's JSON Schema before they ask Postgres, as the TypeScript
 * client does, so that a form learns of each field that is wrong. Postgres itself checks what a plan needs, the worker all.
 */
export function createPayloadCheckPlugin(): GraphileConfig.Plugin {
  const payloads = createPayloadCheck();

  async function checkAll(db: Queryable, jobs: readonly Given[]): Promise<void> {
    for (const [index, { identifier, payload }] of jobs.entries()) {
      try {
        await payloads.check(db, identifier, payload ?? {});
      } catch (error) {
        throw placed(error, index, jobs.length);
      }
    }
  }

  return {
    name: "RatchetPayloadCheckPlugin",
    version: "1.0.0",
    after: ["PgCustomTypeFieldPlugin"],
    schema: {
      hooks: {
        GraphQLObjectType_fields_field(field, build, { scope: { isRootMutation, isRootQuery, fieldName } }) {
          const { plan } = field;
          const resource =
            isRootMutation === true || isRootQuery === true ? planningFunction(build, fieldName) : undefined;
          if (resource === undefined || plan === undefined) {
            return field;
          }
          return {
            ...field,
            plan: (parent, fieldArguments, info) => {
              const $asked = isRootQuery === true ? askedOf(fieldArguments) : fieldArguments.getRaw("input");
              const $context = resource.executor.context() as Step<{ readonly withPgClient: WithPgClient }>;
              sideEffect([$context, $asked as Step<Asked>], ([{ withPgClient }, asked]) =>
                // As the server's login: whoever may only add jobs reads no definitions, and learns here what fits.
                withPgClient(null, (client) =>
                  checkAll(asQueryable(client, resource), "jobs" in asked ? asked.jobs : [asked]),
                ),
              );
              return plan(parent, fieldArguments, info) as Step;
            },
          };
        },
      },
    },
  };
}

/** The job that a field of the query is asked about. */
function askedOf(given: FieldArgs): Step {
  return object({ identifier: given.getRaw("identifier"), payload: given.getRaw("payload") });
}

/** The function behind a field that plans jobs. */
function planningFunction(build: GraphileBuild.Build, field: string): FunctionResource | undefined {
  const functions = ownFunctions(build);
  return [...functions]
    .filter(([name]) => ["add_job", "add_jobs", "preview_plan"].includes(name))
    .map(([, resource]) => resource)
    .find(
      (resource) =>
        build.inflection.customMutationField({ resource }) === field ||
        build.inflection.customQueryField({ resource }) === field,
    );
}

type PgClient = Parameters<Parameters<WithPgClient>[1]>[0];

function asQueryable(client: PgClient, { extensions }: FunctionResource): Queryable {
  const names = { ...DEFAULT_SCHEMA_NAMES, ratchet: extensions?.pg?.schemaName ?? DEFAULT_SCHEMA_NAMES.ratchet };
  const query = (text: string, values: unknown[] = []): Promise<{ readonly rows: readonly unknown[] }> =>
    client.query({ text: renameSchemas(text, names), values });
  // The calls use no more of `query` than this.
  return { query: query as unknown as Queryable["query"] };
}

/** Which of several jobs it was, in the message and in the path of each issue. */
function placed(error: unknown, index: number, total: number): unknown {
  if (!isRatchetError(error) || total === 1) {
    return error;
  }
  const { code, detail, hint, retryable } = error;
  const issues = error.issues?.map(({ path, message }) => ({ path: `jobs[${index}].${path}`, message }));
  const message = `Job ${index + 1} of ${total}: ${error.message}`;
  return new RatchetError(code, message, { detail, hint, retryable, issues, cause: error });
}
