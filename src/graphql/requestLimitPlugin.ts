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

/** What an operation is answered that has too many conditions; undefined if it may run. */
function refusalOf({
  document,
  operationName,
  variableValues,
}: Pick<Grafast.ExecutionArgs, "document" | "operationName" | "variableValues">):
  | { errors: GraphQLError[] }
  | undefined {
  const operation: OperationDefinitionNode | null | undefined = getOperationAST(document, operationName);
  const count = operation === null || operation === undefined ? 0 : countConditions(operation, variableValues ?? {});
  return count > LIMITS.conditions
    ? {
        errors: [
          toGraphqlError(
            new RatchetError("RT132", `The query has ${count} conditions in filters, more than ${LIMITS.conditions}.`),
          ),
        ],
      }
    : undefined;
}

function toGraphqlError(error: RatchetError): GraphQLError {
  return new GraphQLError(error.message, { originalError: error, extensions: toGraphqlExtensions(error) });
}
