import { expect, test } from "vitest";

import { addSingle, addWorker, checkpoint, claimOne, useSql } from "../../sql/fixtures.ts";
import { runRatchet } from "../../support/cli.ts";

const sql = useSql();

function ratchet(...commandLine: string[]) {
  return runRatchet(commandLine, { env: { DATABASE_URL: sql.url() } });
}

test("ratchet definitions --failing lists those with jobs that failed for good lately, or that are tried again", async () => {
  const failing = async () => (await ratchet("definitions", "--failing")).out;
  expect(await failing()).toBe(
    "Nothing is failing: no job failed for good within the last hour, and none waits to be tried again.\n",
  );
  const worker = await addWorker(sql);
  for (const can_retry of [true, false]) {
    const { id } = await addSingle(sql);
    const { fence } = await claimOne(sql, worker, id);
    await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "F", failure: { can_retry } }]);
  }
  expect(await failing()).toMatch(
    /^ identifier \| version \| tasks \| tries \| jobs \| retrying \| failed\/h \| workers\n.*\n single +\| s1 .* \| +1 \| +1 \| +1 \| +1\n$/v,
  );
  await sql.rows("update ratchet.jobs set finished_at = finished_at - interval '61 min' where finished_at is not null");
  expect(JSON.parse((await ratchet("definitions", "--failing", "--json")).out)).toMatchObject([
    { identifier: "single", unfinishedJobs: 1, willRetryJobs: 1, failedJobs: 0 },
  ]);
});
