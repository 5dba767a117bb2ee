import type { Queryable } from "../database/calls/queryable.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import { toRatchetError } from "../errors/fromDatabase.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { asQueryable, type RatchetPool, type RatchetPoolClient } from "./sqlClient.ts";

/** A connection for one transaction, or for listening. */
export interface Connection {
  readonly db: Queryable;
  readonly client: RatchetPoolClient;
  /** Gives it back; a broken one is closed. */
  readonly release: (isBroken: boolean) => void;
}

/** Where a client's statements go. Nothing is opened before the first one. */
export interface Connections {
  /** Each statement on whichever connection is free. */
  readonly db: Queryable;
  /** @throws {RatchetError} RT101 if there is none to be had. */
  connect(): Promise<Connection>;
  /** Closes the pool if it is our own. Safe to call twice. */
  close(): Promise<void>;
}

/** What {@link createConnections} takes. */
export interface ConnectionsOptions {
  readonly connectionString?: string | undefined;
  readonly pool?: RatchetPool | undefined;
  readonly schemas: SchemaNames;
}

/** Creates the connections: from the given pool, or from a pool of our own that the first statement makes. */
export function createConnections({ connectionString, pool: given, schemas }: ConnectionsOptions): Connections {
  let own: Promise<RatchetPool & { end(): Promise<void> }> | undefined;

  async function pool(): Promise<RatchetPool> {
    if (given !== undefined) {
      return given;
    }
    // Not at the top: whoever gives a pool, or only uses a definition's types, need not load pg.
    own ??= import("../database/pool.ts").then(({ createPool }) =>
      createPool({ connectionString, schemas, applicationName: "ratchet client" }),
    );
    return own;
  }

  const db: RatchetPool["query"] = async (text, values) => {
    const open = await pool();
    return asQueryable(open, schemas).query(text, values);
  };

  return {
    // Named already by asQueryable above.
    db: { query: db } as Queryable,
    async connect() {
      try {
        return lend(await (await pool()).connect(), schemas);
      } catch (error) {
        throw toRatchetError(error);
      }
    },
    async close() {
      await (await own?.catch(() => {}))?.end();
    },
  };
}

function lend(client: RatchetPoolClient, schemas: SchemaNames): Connection {
  // While it is lent, a pool listens to no error of it, and one that nobody listens to ends the process.
  const emitter = isEmitter(client) ? client : undefined;
  emitter?.on("error", ignore);
  return {
    client,
    db: asQueryable(client, schemas),
    release: (isBroken) => {
      emitter?.removeListener("error", ignore);
      client.release(isBroken);
    },
  };
}

function ignore(): void {}

/** What a client of pg has besides `query`. */
export interface Emitter {
  on(event: string, listener: (message: { payload?: string | undefined }) => void): unknown;
  removeListener(event: string, listener: (message: { payload?: string | undefined }) => void): unknown;
}

/** Whether the client tells of its loss and of notifications. */
export function isEmitter(client: object): client is Emitter {
  return "on" in client && "removeListener" in client;
}

/** What went wrong in a call, as users see it. */
export function clientError(error: unknown): unknown {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  // No such schema, table or function: the calls name only Ratchet's own.
  if (code === "3F000" || code === "42P01" || code === "42883") {
    return new RatchetError("RT106", `Postgres does not have what the client calls: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  // Zero characters, lone surrogates, nesting too deep, too long.
  if (typeof code === "string" && /^(?:22|54)/v.test(code)) {
    return new RatchetError("RT116", `Postgres refuses the value: ${messageOf(error)}.`, { cause: error });
  }
  return toRatchetError(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
