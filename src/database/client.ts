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
    }
  }
  // Its overloads cannot be written again by hand.
  function query(this: pg.Client, statement: unknown, ...rest: unknown[]): unknown {
    const plain = Reflect.get(pg.Client.prototype, "query") as (...parameters: unknown[]) => unknown;
    return Reflect.apply(plain, this, [renameStatement(statement, names), ...rest]);
  }
  RenamingClient.prototype.query = query as typeof RenamingClient.prototype.query;
  return RenamingClient;
}
