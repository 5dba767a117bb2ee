import "postgraphile";
import "postgraphile/grafserv";
import { GraphQLError, type ValidationRule } from "postgraphile/graphql";
import { RatchetError } from "../errors/ratchetError.ts";
import { toGraphqlExtensions } from "./maskError.ts";

/** Refuses questions about the schema unless `explore` says that they are welcome; `__typename` always is. */
export function createIntrospectionPlugin(explore: () => boolean): GraphileConfig.Plugin {
  return {
    name: "RatchetIntrospectionPlugin",
    version: "1.0.0",
    grafserv: {
      middleware: {
        setPreset(next, event) {
          if (!explore()) {
            event.validationRules.push(noIntrospection);
          }
          return next();
        },
      },
    },
  };
}

const noIntrospection: ValidationRule = (context) => ({
  Field(node) {
    if (node.name.value === "__schema" || node.name.value === "__type") {
      const error = new RatchetError("RT006", `This server does not answer questions about its schema.`, {
        hint: "schema.graphql of the package pg-ratchet has it; RATCHET_EXPLORE=true lets the server answer.",
      });
      context.reportError(new GraphQLError(error.message, { nodes: [node], extensions: toGraphqlExtensions(error) }));
    }
  },
});
