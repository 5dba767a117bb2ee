import pg from "pg";

import { endBackend } from "../../database/calls/backends.ts";
import { processIdOf } from "../../database/pgInternals.ts";

/** What one statement gave. Values are Postgres' own texts, as psql shows them. */
export interface StatementResult {
  /** `SELECT`, `UPDATE` …; empty for an empty statement. */
  readonly command: string;
  /** Rows returned or touched; null for statements that count none. */
  readonly rowCount: number | null;
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A column of a result. */
export interface ResultColumn {
  readonly name: string;
  /** The type's OID. */
  readonly typeId: number;
}

/** Where the statements run, and who hears of notices. */
export interface RunOptions {
  readonly connectionString: string;
  /** Aborting it cancels what runs. */
  readonly signal: AbortSignal;
  /** Called with each notice: `NOTICE:  table "x" does not exist, skipping`. */
  readonly onNotice: (line: string) => void;
}

/**
 * Runs one or several statements in one go: several make one transaction, unless they contain `begin` or `commit`
 * themselves. Throws what Postgres answered.
 */
export async function runStatements(
  sql: string,
  { connectionString, signal, onNotice }: RunOptions,
): Promise<StatementResult[]> {
  const client = new pg.Client({ connectionString, application_name: "ratchet sql", connectionTimeoutMillis: 15_000 });
  let lost: Error | undefined;
  client.on("error", (error) => {
    lost = error;
  });
  client.on("notice", ({ severity, message }) => {
    onNotice(`${severity ?? "NOTICE"}:  ${message ?? ""}`);
  });
  await client.connect();
  const stop = (): void => {
    void endFromOutside(connectionString, processIdOf(client));
  };
  signal.addEventListener("abort", stop);
  try {
    signal.throwIfAborted();
    const answer: unknown = await client.query({ text: sql, rowMode: "array", types: { getTypeParser: () => String } });
    return (Array.isArray(answer) ? answer : [answer]).map(toResult);
  } catch (error) {
    throw lost ?? error;
  } finally {
    signal.removeEventListener("abort", stop);
    await client.end().catch(() => {});
  }
}

function toResult(result: pg.QueryArrayResult<(string | null)[]>): StatementResult {
  return {
    command: result.command ?? "",
    rowCount: result.rowCount,
    columns: result.fields.map(({ name, dataTypeID }) => ({ name, typeId: dataTypeID })),
    rows: result.rows,
  };
}

/** A closed socket alone would let a long statement run on in the server; a mere cancel is lost if it comes before the statement. */
async function endFromOutside(connectionString: string, processId: number | null): Promise<void> {
  const client = new pg.Client({
    connectionString,
    application_name: "ratchet sql stop",
    connectionTimeoutMillis: 15_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    await endBackend(client, processId);
  } catch {
    // The statement has ended, or the server is gone: either way nothing is left to stop.
  } finally {
    await client.end().catch(() => {});
  }
}
