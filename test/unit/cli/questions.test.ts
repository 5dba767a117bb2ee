import { describe, expect, test } from "vitest";

import { runCli } from "../../../src/cli/program.ts";
import { createTestContext } from "../../support/cli.ts";
import { waitUntil } from "../../support/waiting.ts";
import { LISTING, useListings } from "./listings.ts";

const { pool, url, run, ratchet, add, statusOf } = useListings();

/** At a terminal where the user gives this answer to each question. */
function asked(answer: string, ...commandLine: string[]) {
  return run(commandLine, { answer });
}

describe("an order that cannot be undone", () => {
  test.each([
    { order: ["cancel"], question: /^Cancel job \d+ \(publish_listing, PENDING, 0 of 4 tasks done\)\? \[y\/N\] \n/v },
    { order: ["skip"], task: "validate", question: /^Skip task "validate" of job \d+ \(/v },
    { order: ["complete"], task: "validate", question: /^Mark task "validate" of job \d+ \(.*as done\? /v },
    { order: ["scrub"], question: /^Remove payload, results and error texts of job \d+ \(.* for good\? /v },
  ])("ratchet $order.0 asks at a terminal, unless told not to", async ({ order, task, question }) => {
    const id = await add();
    const line = [...order, id, ...(task === undefined ? [] : [task])];
    const refused = await asked("n", ...line);
    expect(refused.err).toMatch(question);
    expect(refused).toMatchObject({ out: "", exitCode: 2 });
    expect(await statusOf(id)).toBe("PENDING");
    expect((await asked("n", ...line, "--yes")).err).not.toContain("[y/N]");
  });

  test("asks nothing about a job that does not exist", async () => {
    const { out, err, exitCode } = await asked("y", "cancel", "999999999");
    expect(err).toContain("RT013");
    expect(err).toContain("There is no job 999999999");
    expect(err).not.toContain("[y/N]");
    expect([out, exitCode === 0]).toStrictEqual(["", false]);
  });

  test("names several jobs in one question", async () => {
    const ids = [await add(), await add()];
    expect((await asked("yes", "cancel", ...ids)).err).toBe(`Cancel 2 jobs (${ids.join(", ")})? [y/N] \n`);
    expect(await statusOf(ids[1] ?? "")).toBe("CANCELLED");
  });

  test("asks at a terminal, and changes nothing without a yes", async () => {
    const id = await add({ tenant: "asked" });
    const order = ["cancel", "--all", "--tenant", "asked"];
    expect(await asked("", ...order)).toStrictEqual({
      out: "",
      err: "Cancel 1 job? [y/N] \nNothing was changed.\n",
      exitCode: 2,
    });
    expect(await statusOf(id)).toBe("PENDING");
    expect(await asked("y", ...order)).toMatchObject({ out: "1 job cancelled.\n", exitCode: 0 });
    expect((await asked("", ...order)).out).toBe("0 jobs would be cancelled.\n");
  });
});

test("ratchet add --dry-run prints the plan that a job would have, and queues nothing", async () => {
  const line = [
    "add",
    "publish_listing",
    "--payload",
    JSON.stringify(LISTING),
    "--no-check",
    "--tenant",
    "dry",
    "--dry-run",
  ];
  const { out, exitCode } = await ratchet(...line);
  expect(out).toMatch(/ 2 \| upload\[1\] +\| Upload image 1\/2\n/v);
  expect(out).toContain("4 tasks. Nothing was queued.");
  expect(exitCode).toBe(0);
  const tasks = JSON.parse((await ratchet(...line, "--task", "create", "--json")).out) as unknown;
  expect(tasks).toMatchObject([{ position: 1, key: "create" }]);
  expect((await ratchet("add", "publish_lisitng", "--dry-run")).err).toContain("Did you mean publish_listing?");
  expect((await ratchet("jobs", "--tenant", "dry", "--json")).out).toBe("[]\n");
});

test("a command that waits for somebody's lock says whose", async () => {
  const id = await add();
  const client = await pool().connect();
  try {
    await client.query(
      "set application_name = 'night backup'; begin; lock table ratchet.jobs in access exclusive mode",
    );
    const seen = { out: "", err: "", exitCode: 0 };
    const explaining = runCli(["explain", id], createTestContext(seen, { env: { DATABASE_URL: url() } }));
    await waitUntil(() => seen.err !== "", { what: () => seen.out });
    await client.query("rollback");
    await explaining;
    expect(seen.err).toMatch(
      /^Waiting for a lock that process \d+ \(night backup, .*for \d s\) holds\. Ctrl-C gives up\.\n$/v,
    );
    expect(seen.out).toContain("has not started");
  } finally {
    client.release(true);
  }
});
