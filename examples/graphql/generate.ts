import { codegen } from "@graphql-codegen/core";
// oxlint-disable-next-line import/no-namespace -- Codegen takes plugins as whole modules.
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
// oxlint-disable-next-line import/no-namespace -- Codegen takes plugins as whole modules.
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";

/**
 * Types and documents for the operations of a client, from the texts of `schema.graphql` and of the operations. The same
 * settings serve `graphql-codegen`'s own command.
 */
export function generateTypes(schema: string, documents: string): Promise<string> {
  return codegen({
    filename: "generated.ts",
    schema: parse(schema),
    documents: [{ document: parse(documents) }],
    plugins: [{ operations: {} }, { typedDocumentNode: {} }],
    pluginMap: { operations, typedDocumentNode },
    config: {
      useTypeImports: true,
      enumType: "string-literal",
      skipTypename: true,
      defaultScalarType: "unknown",
      // As they stand in JSON.
      scalars: { BigInt: "string", Cursor: "string", Datetime: "string" },
    },
  });
}
