import { expect, test } from "vitest";

import { asTyped } from "../../../src/cli/asTyped.ts";

test("only commands are rewritten, not the schema or a name", () => {
  const text =
    'Run `ratchet migrate` or "ratchet worker"; schema ratchet, ratchet.jobs, ratchet worker_7, ratchet sql "x"';
  expect(asTyped(text, "npm run ratchet --")).toBe(
    'Run `npm run ratchet -- migrate` or "npm run ratchet -- worker"; schema ratchet, ratchet.jobs, ratchet worker_7, npm run ratchet -- sql "x"',
  );
  expect(asTyped(text, "ratchet")).toBe(text);
});
