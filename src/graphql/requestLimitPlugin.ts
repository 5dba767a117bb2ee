import "postgraphile";
import "postgraphile/grafserv";
import { GraphQLError, type OperationDefinitionNode, getOperationAST } from "postgraphile/graphql";
import { RatchetError } from "../errors/ratchetError.ts";
import { problemOfSize } from "./documentSize.ts";
import { countConditions } from "./filterCost.ts";
import { LIMITS } from "./limits.ts";
import { toGraphqlExtensions } from "./maskError.ts";

/** Refuses what would cost too much to look at: before a query is parsed, and once more when its variables are known. */
export const RequestLimitPlugin: GraphileConfig.Plugin = {
  name: "RatchetRequestLimitPlugin",
  version: "1.0.0",
  grafserv: {
    middleware: {
      setPreset(next, event) {
        const { getExecutionConfig: getUnlimited } = event;
        event.getExecutionConfig = async function getExecutionConfig(requestContext) {
          const config = await getUnlimited.call(this, requestContext);
          return {
            ...config,
            parseAndValidate: (query) => {
              const problem = problemOfSize(query);
              return problem === undefined ? config.parseAndValidate(query) : { errors: [toGraphqlError(problem)] };
            },
            execute: (args) => refusalOf(args) ?? config.execute(args),
            subscribe: (args) => refusalOf(args) ?? config.subscribe(args),
          };
        };
        return next();
      },
    },
  },
};

/** What an operation is answered that asks for too much; undefined if it may run. */
function refusalOf({
  document,
  operationName,
  variableValues,
}: Pick<Grafast.ExecutionArgs, "document" | "operationName" | "variableValues">):
  | { errors: GraphQLError[] }
  | undefined {
  const operation: OperationDefinitionNode | null | undefined = getOperationAST(document, operationName);
  const variables = variableValues ?? {};
  const count = operation === null || operation === undefined ? 0 : countConditions(operation, variables);
  if (count > LIMITS.conditions) {
    return refusal(`The query has ${count} conditions in filters, more than ${LIMITS.conditions}.`);
  }
  // A payload of 15,000 could be stored, and then no answer that holds it could be written.
  return isDeeperThan(LIMITS.brackets, variables)
    ? refusal(`The variables have more than ${LIMITS.brackets} brackets inside brackets.`)
    : undefined;
}

function refusal(message: string): { errors: GraphQLError[] } {
  return { errors: [toGraphqlError(new RatchetError("RT132", message))] };
}

function isDeeperThan(limit: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= limit && level.length > 0; depth++) {
    level = level.flatMap((each): unknown[] => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return level.length > 0;
}

function toGraphqlError(error: RatchetError): GraphQLError {
  return new GraphQLError(error.message, { originalError: error, extensions: toGraphqlExtensions(error) });
}
