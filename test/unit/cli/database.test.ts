import { expect, test } from "vitest";

import { withDatabase } from "../../../src/cli/database.ts";
import { reportError } from "../../../src/cli/printError.ts";
import { useSql } from "../../sql/fixtures.ts";
import { createTestContext } from "../../support/cli.ts";

const sql = useSql({ definitions: false });
const context = createTestContext({ out: "", err: "", exitCode: 0 });

test("a command waits a minute for a lock at most; what tells nobody waits without end", async () => {
  const config = await createTestContext(
    { out: "", err: "", exitCode: 0 },
    { env: { DATABASE_URL: sql.url() } },
  ).config();
  const limit = (remark?: () => void) =>
    withDatabase({ config, purpose: "test", remark }, async ({ pool }) => (await pool.query("show lock_timeout")).rows);
  expect(await limit(() => {})).toStrictEqual([{ lock_timeout: "1min" }]);
  expect(await limit()).toStrictEqual([{ lock_timeout: "0" }]);
});

test("a lock that was not to be had is told as that, with what to do and that nothing was done", async () => {
  const [holder, waiting] = await Promise.all([sql.pool().connect(), sql.pool().connect()]);
  try {
    await holder.query("begin; lock table ratchet.jobs in access exclusive mode");
    await waiting.query("set lock_timeout = '50 ms'");
    const error: unknown = await waiting.query("table ratchet.jobs").catch((cause: unknown) => cause);
    const { lines, exitCode } = reportError(error, { ...context, debug: false });
    expect(lines).toStrictEqual([
      "ratchet: Somebody else's lock was in the way for so long that the command gave up. What it had waited to do was not done.",
      '  hint: End the transaction that holds the lock, then run the command again; "ratchet doctor" names it.',
      "  code: SQLSTATE 55P03",
    ]);
    expect(exitCode).toBe(3);
  } finally {
    holder.release(true);
    waiting.release(true);
  }
});
