import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, inject, test } from "vitest";

import { MUTATIONS, mutate } from "./mutations.ts";

const SQL = fileURLToPath(new URL("../../sql", import.meta.url));

function copySql(): string {
  const folder = mkdtempSync(join(inject("testRunFolder"), "mutation-"));
  cpSync(SQL, folder, { recursive: true });
  return folder;
}

test.each(MUTATIONS)("the functions still read as the mutation %s expects", (mutation) => {
  expect(() => {
    mutate(copySql(), mutation);
  }).not.toThrow();
});

test("a mutation that no longer finds its text says where", () => {
  const folder = copySql();
  const file = join(folder, "schema/functions/ratchet_private.checkpoint.sql");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll("t.fence <= i.fence", "t.fence < i.fence + 1"));

  expect(() => {
    mutate(folder, "fence");
  }).toThrow(/ratchet_private\.checkpoint\.sql .*exactly once/v);
});
