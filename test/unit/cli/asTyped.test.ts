import { expect, test } from "vitest";

import { asTyped, inCommands } from "../../../src/cli/asTyped.ts";

test("only commands are rewritten, not the schema or a name", () => {
  const text =
    'Run `ratchet migrate` or "ratchet worker"; schema ratchet, ratchet.jobs, ratchet worker_7, ratchet sql "x"';
  expect(asTyped(text, "npm run ratchet --")).toBe(
    'Run `npm run ratchet -- migrate` or "npm run ratchet -- worker"; schema ratchet, ratchet.jobs, ratchet worker_7, npm run ratchet -- sql "x"',
  );
  expect(asTyped(text, "ratchet")).toBe(text);
});

test.each([
  [
    `To try again: "ratchet retry 3", or select ratchet.retry_job(3); If it has not ended`,
    `To try again: "npx ratchet retry 3". If it has not ended`,
  ],
  [
    "To run it and all after it: select jobs.retry_job(7, from_task => 'upload[2]'); Nothing was changed.",
    "To run it and all after it: npx ratchet retry 7 --from-task 'upload[2]' Nothing was changed.",
  ],
  ["Add a new job: select ratchet.add_job('mail', …);", "Add a new job: npx ratchet add mail --payload '{…}'"],
  [
    "See which there are: select id, identifier, status from ratchet.job_overview order by id desc limit 20;",
    "See which there are: npx ratchet jobs",
  ],
])("what SQL proposes is said as a command: %s", (sql, typed) => {
  expect(asTyped(sql, "npx ratchet")).toBe(typed);
});

test("parameters are named as options, but not what somebody wrote", () => {
  expect(inCommands('Leave from_task out, or name "from_task"; run_at must be later; my_run_at, tasks.run_at')).toBe(
    'Leave --from-task out, or name "from_task"; --run-at must be later; my_run_at, tasks.run_at',
  );
});
