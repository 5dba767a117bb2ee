import { expect, test } from "vitest";

import { addSingle, addWorker, checkpoint, claimOne, useSql } from "../../sql/fixtures.ts";
import { runRatchet } from "../../support/cli.ts";

const sql = useSql();

test("a refusal in JSON names options and commands, as text does", async () => {
  const { id } = await addSingle(sql);
  const worker = await addWorker(sql);
  const { fence } = await claimOne(sql, worker, id);
  await checkpoint(sql.pool(), worker, [{ job: id, position: 1, fence, kind: "C" }]);
  const { out, exitCode } = await runRatchet(["retry", id, "--json"], { env: { DATABASE_URL: sql.url() } });
  const hint =
    "Say from which task on it shall run once more: --from-task takes the key of a task. Nothing was changed.";
  expect(JSON.parse(out)).toMatchObject([{ id, error: { code: "RT017", hint } }]);
  expect(exitCode).toBe(3);
});
