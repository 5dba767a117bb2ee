import { codegen } from "@graphql-codegen/core";
// oxlint-disable-next-line import/no-namespace -- Codegen takes plugins as whole modules.
import * as operations from "@graphql-codegen/typescript-operations";
import { type DocumentNode, type OperationDefinitionNode, Kind, parse, print, visit } from "graphql";

/** Types and texts of the dashboard's operations, from the texts of `schema.graphql` and of the operations. */
export async function generateOperations(schema: string, text: string): Promise<string> {
  const document = parse(text);
  const types = await codegen({
    filename: "generated.ts",
    schema: parse(schema),
    documents: [{ document }],
    plugins: [{ operations: {} }],
    pluginMap: { operations },
    config: {
      useTypeImports: true,
      enumType: "string-literal",
      skipTypename: true,
      defaultScalarType: "unknown",
      scalars: { BigInt: "string", Cursor: "string", Datetime: "string" },
    },
  });
  const texts = document.definitions
    .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
    .map((definition) => constantOf(definition, document));
  return [`import type { Operation } from "./operation.ts";`, types, ...texts].join("\n");
}

/** Texts, not trees: a page needs no parser and no printer then. */
function constantOf(operation: OperationDefinitionNode, document: DocumentNode): string {
  const name = operation.name?.value ?? "";
  const kind = `${operation.operation[0]?.toUpperCase() ?? ""}${operation.operation.slice(1)}`;
  const text = [operation, ...fragmentsOf(operation, document)].map((node) => print(node)).join("\n");
  return `export const ${name}Document: Operation<${name}${kind}, ${name}${kind}Variables> = \`${text.replaceAll(/\s+/gv, " ")}\`;\n`;
}

function fragmentsOf(operation: OperationDefinitionNode, document: DocumentNode) {
  const wanted = new Set<string>();
  visit(operation, {
    FragmentSpread: ({ name }) => {
      wanted.add(name.value);
    },
  });
  return document.definitions.filter(
    (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && wanted.has(definition.name.value),
  );
}
