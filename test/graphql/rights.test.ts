import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { addSingle } from "../sql/fixtures.ts";
import { named } from "../support/schemas.ts";
import { ask, useServer } from "./server.ts";

const bench = useServer();
/** Roles belong to the whole server, and test files run side by side. */
const role = `ratchet_server_${process.pid}`;
let jobId: string;

beforeAll(async () => {
  const text = await readFile(join(import.meta.dirname, "../../docs/graphql.md"), "utf8");
  const [, grants = ""] = /^```sql\n(?<sql>create role.*?)^```/msv.exec(text) ?? [];
  await bench.sql.rows(named(grants.replaceAll("ratchet_server", role)));
  jobId = (await addSingle(bench.sql)).id;
});

afterAll(async () => {
  await bench.sql.rows(`drop owned by ${role}`);
  await bench.sql.rows(`drop role ${role}`);
});

test("the login that docs/graphql.md makes is enough to serve everything there is", async () => {
  const url = new URL(bench.sql.url());
  url.username = role;
  url.password = "change me";
  const server = await bench.start({ connectionString: url.href });
  await server.ready;
  const { data, errors } = await ask<{ job: { explanation: string } }>(
    server,
    `query ($id: BigInt!) {
       job(id: $id) {
         explanation progress etaSeconds isFinal willRetry taskCount finishedTaskCount
         currentTask { key failures { totalCount } }
         tasks { totalCount } failures { totalCount } auditEntries { totalCount }
         definition { identifier } worker { id }
       }
       jobs { totalCount } tasks { totalCount } taskFailures { totalCount }
       queueStats { waiting } definitions { totalCount } workers { totalCount } auditEntries { totalCount }
     }`,
    { id: jobId },
  );
  expect(errors).toStrictEqual([]);
  expect(data.job.explanation).toContain(`Job ${jobId}`);
});
