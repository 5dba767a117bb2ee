import pg from "pg";

/** The same server and credentials, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** Runs `work` with a session on the server's own database. */
export async function withAdmin<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, application_name: "ratchet-test-admin" });
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Drops every database whose name begins with `prefix`, ending the sessions in it. */
export async function dropDatabasesOf(url: string, prefix: string): Promise<void> {
  await withAdmin(url, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      "select datname from pg_database where starts_with(datname, $1)",
      [prefix],
    );
    for (const { datname } of rows) {
      await client.query(`drop database if exists ${datname} with (force)`);
    }
  });
}

/** Drops what runs that were killed have left on a server that outlives them. */
export async function dropDatabasesOfDeadRuns(url: string): Promise<void> {
  await withAdmin(url, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      `select datname from pg_database
        where datname ~ '^ratchet_test_\\d+_[0-9a-z]+_'
          and not exists (
            select from pg_stat_activity
             where application_name = 'ratchet_test_run_' || substring(datname from '^ratchet_test_(\\d+_[0-9a-z]+)_'))`,
    );
    for (const { datname } of rows) {
      await client.query(`drop database if exists ${datname} with (force)`);
    }
  });
}
