import pg from "pg";

import { type SchemaNames, areDefault, noteSchemas, renameStatement } from "./schemaNames.ts";

const constructors = new Map<string, typeof pg.Client>();

/** The class of clients that put these names into every statement; with the default names that of pg itself. */
export function clientClass(names: SchemaNames): typeof pg.Client {
  if (areDefault(names)) {
    return pg.Client;
  }
  const key = `${names.ratchet} ${names.graphileWorker}`;
  const known = constructors.get(key) ?? createClientClass(names);
  constructors.set(key, known);
  return known;
}

function createClientClass(names: SchemaNames): typeof pg.Client {
  class RenamingClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      noteSchemas(this, names);
      const query = this.query.bind(this) as (...parameters: unknown[]) => unknown;
      // A property: the overloads of the method cannot be written again by hand.
      this.query = ((statement: unknown, ...rest: unknown[]) =>
        query(renameStatement(statement, names), ...rest)) as typeof this.query;
    }
  }
  return RenamingClient;
}
