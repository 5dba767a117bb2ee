import type pg from "pg";
import { RatchetError } from "../errors/ratchetError.ts";
import { streamOf } from "./pgInternals.ts";

/**
 * Gives up a connection whose answers since it was lent have more than `mostBytes`; the query fails with RT132. Without it one
 * value of half a gigabyte would end the process: pg makes a text of it where nobody can catch the error.
 */
export function limitAnswers(pool: pg.Pool, mostBytes: number): void {
  const lentAtBytes = new WeakMap<pg.ClientBase, number>();
  pool.on("connect", (client) => {
    const stream = streamOf(client);
    stream.on("data", () => {
      if (stream.bytesRead - (lentAtBytes.get(client) ?? 0) > mostBytes) {
        const error = new RatchetError("RT132", `What was asked for has more than ${mostBytes} bytes.`, {
          hint: "Ask for fewer rows, or for fewer of their payloads and results, at a time.",
        });
        // Whoever ends the transaction on it is told the same, and not that Postgres cannot be reached.
        Reflect.set(client, "query", () => Promise.reject(error));
        stream.destroy(error);
      }
    });
  });
  pool.on("acquire", (client) => {
    lentAtBytes.set(client, streamOf(client).bytesRead);
  });
}
