import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** One connection beside those of the peer: looks at the peer's own tables. */
export interface Observer {
  /** The first column of the first row, as a number. Null, or no row at all, is 0. */
  number(sql: string, values?: readonly unknown[]): Promise<number>;
  /** Asks `sql`, which gives true or false, every millisecond until it gives true: more often would take processor from the peer. */
  waitFor(sql: string, values: readonly unknown[]): Promise<void>;
  close(): Promise<void>;
}

/** See {@link Observer}. */
export async function openObserver(databaseUrl: string): Promise<Observer> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  async function first(sql: string, values: readonly unknown[]): Promise<unknown> {
    const { rows } = await client.query<unknown[]>({ text: sql, values: [...values], rowMode: "array" });
    return rows[0]?.[0];
  }
  return {
    async number(sql, values = []) {
      return Number((await first(sql, values)) ?? 0);
    },
    async waitFor(sql, values) {
      while ((await first(sql, values)) !== true) {
        await sleep(1);
      }
    },
    close() {
      return client.end();
    },
  };
}
