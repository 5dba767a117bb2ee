import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type BreakingChange, type GraphQLSchema, buildSchema, findBreakingChanges } from "graphql";
import { beforeAll, expect, test } from "vitest";

const CURRENT = join(import.meta.dirname, "../../schema.graphql");
/** The API that clients are built on: written anew with each release. */
const RELEASED = join(import.meta.dirname, "released.graphql");

/** What a release takes away on purpose, such as `Job.colour was removed.`, with the reason; emptied when it is out. */
const ON_PURPOSE: Readonly<Record<string, string>> = {
  "Job.payload changed type from JSON! to JSON.": "A definition can hide payloads from viewers.",
};

let released: GraphQLSchema;

async function read(path: string): Promise<GraphQLSchema> {
  return buildSchema(await readFile(path, "utf8"));
}

function unintended(before: GraphQLSchema, after: GraphQLSchema): BreakingChange[] {
  return findBreakingChanges(before, after).filter(({ description }) => ON_PURPOSE[description] === undefined);
}

beforeAll(async () => {
  if (process.env["UPDATE_RELEASED_SCHEMA"] === "1") {
    await writeFile(RELEASED, await readFile(CURRENT, "utf8"));
  }
  released = await read(RELEASED);
});

test("nothing that clients of the last release use is gone or different", async () => {
  expect(
    unintended(released, await read(CURRENT)),
    "Clients would break. Keep what was there, mark it @deprecated, or enter it in ON_PURPOSE and in CHANGELOG.md.",
  ).toStrictEqual([]);
});

test("a field that goes, a type that changes and an argument that becomes necessary are found", async () => {
  const text = await readFile(RELEASED, "utf8");
  const changed = text
    .replace("  willRetry: Boolean!", "  willTryAgain: Boolean!")
    .replace("  progress: Float!", "  progress: Int!")
    .replace("    filter: JobFilter\n", "    filter: JobFilter!\n");
  const found = unintended(released, buildSchema(changed)).map(({ description }) => description);
  expect(found.toSorted()).toStrictEqual([
    "Job.progress changed type from Float! to Int!.",
    "Job.willRetry was removed.",
    "Query.jobs arg filter has changed type from JobFilter to JobFilter!.",
  ]);
});

test("what was to be taken away on purpose is gone", async () => {
  const changes = findBreakingChanges(released, await read(CURRENT));
  const found = new Set(changes.map(({ description }) => description));
  expect(Object.keys(ON_PURPOSE).filter((description) => !found.has(description))).toStrictEqual([]);
});
