import pg from "pg";

import type { RunOptions } from "../../peer.ts";
import { callsPerSecond } from "./timing.ts";

const JOBS_A_CALL = 1000;

/** Adds all jobs, a thousand a call of `sql`, whose parameters are the first and the last one's number. */
export function addInSlices(
  { databaseUrl, jobs }: Pick<RunOptions, "databaseUrl" | "jobs">,
  sql: string,
): Promise<void> {
  return withClient(databaseUrl, async (client) => {
    for (let from = 0; from < jobs; from += JOBS_A_CALL) {
      await client.query({ name: "add", text: sql, values: [from, Math.min(from + JOBS_A_CALL, jobs) - 1] });
    }
  });
}

/** Calls a second of `sql`, whose parameter is a job's payload, one after the other on one connection. */
export function addOneByOne({ databaseUrl, jobs }: RunOptions, sql: string): Promise<number> {
  return withClient(databaseUrl, (client) =>
    callsPerSecond(jobs, 1, (n) => client.query({ name: "add", text: sql, values: [JSON.stringify({ n })] })),
  );
}

async function withClient<Result>(
  connectionString: string,
  during: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const result = await during(client);
  await client.end();
  return result;
}
