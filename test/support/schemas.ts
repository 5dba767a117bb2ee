import { type SchemaNames, DEFAULT_SCHEMA_NAMES, renameSchemas, schemaNames } from "../../src/database/schemaNames.ts";

const [ratchet, graphileWorker] = (process.env["RATCHET_TEST_SCHEMAS"] ?? "").split(":");

/** What the schemas of this run's databases are called: `RATCHET_TEST_SCHEMAS=jobs:queue`, or as always. */
export const TEST_SCHEMAS: SchemaNames =
  ratchet === undefined || ratchet === "" ? DEFAULT_SCHEMA_NAMES : schemaNames({ ratchet, graphileWorker });

/** SQL, or a text that quotes some, as it reads under this run's names. */
export function named(text: string): string {
  return renameSchemas(text, TEST_SCHEMAS);
}

/** The key of a job's wake-up in graphile-worker. */
export function wakeUpKey(jobId: string | number): string {
  return `${TEST_SCHEMAS.ratchet}:${jobId}`;
}

/** The environment that lets a command use this run's names. */
export const SCHEMA_SETTINGS: NodeJS.ProcessEnv =
  TEST_SCHEMAS === DEFAULT_SCHEMA_NAMES
    ? {}
    : { RATCHET_SCHEMA: TEST_SCHEMAS.ratchet, GRAPHILE_WORKER_SCHEMA: TEST_SCHEMAS.graphileWorker };
