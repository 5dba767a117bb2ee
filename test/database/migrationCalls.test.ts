import { globSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { OLDEST_PROGRAM, isLater } from "../../src/database/compatibility.ts";
import { DEFAULT_SCHEMA_NAMES } from "../../src/database/schemaNames.ts";
import { RATCHET_VERSION } from "../../src/engine/version.ts";
import { createTestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS, named } from "../support/schemas.ts";

const SRC = path.join(import.meta.dirname, "../../src");
const FILE = path.join(import.meta.dirname, "releasedCalls.txt");
/** The SQL functions of ours that the source calls, with their parameters and results, one a line. */
async function presentCalls(): Promise<string[]> {
  const database = await createTestDatabase();
  try {
    const source = globSync("**/*.ts", { cwd: SRC }).map((file) => readFileSync(path.join(SRC, file), "utf8"));
    const called = source.flatMap((text) =>
      Array.from(text.matchAll(/\b(?<name>ratchet(?:_private)?\.\w+)\s*\(/gv), ({ groups }) => groups?.["name"] ?? ""),
    );
    const { rows } = await database.pool.query<{ line: string }>(
      `select format('%s.%s(%s) returns %s', n.nspname, p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)) as line
         from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where format('%s.%s', n.nspname, p.proname) = any ($1) order by n.nspname, p.proname`,
      [called.map(named)],
    );
    return rows.map(({ line }) => line);
  } finally {
    await database.drop();
  }
}

/** Whether who calls a function as it was released can call it as it is: the same, or with more parameters that have defaults. */
function isCalledAs(released: string, present: string): boolean {
  const [call = "", result] = released.split(/\)(?= returns )/v);
  const more = present.slice(call.length, -`)${result}`.length);
  return present.startsWith(call) && present.endsWith(`)${result}`) && /^(?:, \w+ [^,]+ DEFAULT [^,]+)*$/v.test(more);
}

test("the functions that the latest release calls are there, unless its programs are declared too old", async () => {
  const present = await presentCalls();
  expect(present.length).toBeGreaterThan(20);
  if (process.env["UPDATE_SCHEMA_SNAPSHOT"] === "1" && TEST_SCHEMAS === DEFAULT_SCHEMA_NAMES) {
    writeFileSync(FILE, [`Ratchet ${RATCHET_VERSION}`, ...present, ""].join("\n"));
  }
  const [title = "", ...released] = named(readFileSync(FILE, "utf8")).trimEnd().split("\n");
  const releasedVersion = title.split(" ").at(-1) ?? "";
  const isDevelopment = releasedVersion !== RATCHET_VERSION;
  const mayGo = isLater(OLDEST_PROGRAM, releasedVersion);
  const gone = released.filter((line) => !mayGo && !present.some((other) => isCalledAs(line, other)));
  // What only the present source calls is noted when it is released.
  const added = present.filter((line) => !isDevelopment && !released.includes(line));
  expect(
    { gone, added },
    "Programs call these functions. If no released program calls them as they were, write the file anew: UPDATE_SCHEMA_SNAPSHOT=1 npx vitest run test/database/migrationCalls.test.ts",
  ).toStrictEqual({ gone: [], added: [] });
});
