import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { migrate } from "../../src/database/migrator.ts";
import { DEFAULT_SCHEMA_NAMES } from "../../src/database/schemaNames.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { TEST_SCHEMAS, named } from "../support/schemas.ts";
import { describeSchema } from "./describeSchema.ts";

const FILE = path.join(import.meta.dirname, "../../sql/schema.snapshot.txt");

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
  await migrate(database.pool);
});

afterAll(() => database.drop());

test("sql/schema.snapshot.txt is what the migrator makes, on every supported Postgres", async () => {
  const schema = await describeSchema(database.pool);
  if (process.env["UPDATE_SCHEMA_SNAPSHOT"] === "1" && TEST_SCHEMAS === DEFAULT_SCHEMA_NAMES) {
    await writeFile(FILE, schema);
  }
  expect(
    schema,
    "The schema has changed. If it was meant to, write the file anew: UPDATE_SCHEMA_SNAPSHOT=1 npx vitest run test/sql/schemaSnapshot.test.ts",
  ).toBe(named(await readFile(FILE, "utf8")));
});
