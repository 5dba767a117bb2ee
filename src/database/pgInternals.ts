import type { Socket } from "node:net";
import type pg from "pg";

interface Internals {
  readonly processID?: number | null;
  readonly connection: { readonly stream: Socket };
}

// What pg has and its types leave out.
function internalsOf(client: pg.ClientBase): Internals {
  return client as unknown as Internals;
}

/** The server process as the connection was told it at its start; `null` before. A pooler makes one up. */
export function processIdOf(client: pg.ClientBase): number | null {
  return internalsOf(client).processID ?? null;
}

/** The socket. With TLS it becomes another one while connecting. */
export function streamOf(client: pg.ClientBase): Socket {
  return internalsOf(client).connection.stream;
}

/** Says goodbye, which perhaps nobody hears: pg's own `end` waits until the other side has closed, too. */
export function hangUp(client: pg.Client, end: () => Promise<void> = () => client.end()): void {
  end().catch(() => {});
  streamOf(client).destroySoon();
}

/** Whether a statement brings its own part of the protocol, such as a cursor: its owner goes on with it when he likes. */
export function sendsItself(statement: unknown): statement is object {
  return typeof statement === "object" && statement !== null && "submit" in statement;
}
