import { rm } from "node:fs/promises";
import { basename, join } from "node:path";

import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type DefinitionRow, registerDefinitions } from "../../src/database/calls/definitions.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import publishListing from "../../tasks/publish_listing.ts";
import { createTestDatabase } from "../support/database.ts";
import { type Block, type Page, readPages } from "./pages.ts";
import { createBlockFolder, isDefinition, loadDefinition, writeBlocks } from "./writtenBlocks.ts";

const PAYLOAD = { sku: "JKT-1", title: "Jacket", price: 129.9, currency: "EUR", images: ["a.png", "b.png", "c.png"] };

/** The pages name jobs by number: 1 is COMPLETED, 42 has FAILED for good, 43 has not started. */
const JOBS = `
  select ratchet.add_job('publish_listing', $payload$${JSON.stringify(PAYLOAD)}$payload$);
  update ratchet.tasks set status = 'COMPLETED' where job_id = 1;
  alter table ratchet.jobs alter column id restart with 42;
  select ratchet.add_job('publish_listing', $payload$${JSON.stringify(PAYLOAD)}$payload$) from generate_series(1, 2);
  update ratchet.tasks set status = 'COMPLETED' where job_id = 42 and position = 1;
  update ratchet.tasks set status = 'FAILED', error_message = 'fetch failed' where job_id = 42 and position = 2;`;

let pages: Page[];
let folder: string;

beforeAll(async () => {
  pages = await readPages();
  folder = await createBlockFolder();
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("the SQL of the documents runs, each page's in order in a database of its own", async () => {
  const problems: string[] = [];
  for (const page of pages) {
    const blocks = page.blocks.filter(({ language }) => language === "sql");
    if (blocks.length > 0) {
      problems.push(...(await problemsOf(blocks, await definitionsOf(page))));
    }
  }
  expect(problems).toStrictEqual([]);
});

test("the tables that the documents show have the columns that their query gives", () => {
  expect(shapeProblem({ name: "x", fields: ["id", "status"] }, " id | status \n----+--------\n")).toBeUndefined();
  expect(shapeProblem({ name: "x", fields: ["id", "state"] }, " id | status \n----+--------\n")).toBe(
    "x: id, status in place of id, state",
  );
  expect(shapeProblem({ name: "x", fields: ["id"] }, "Job 1 is COMPLETED.")).toBeUndefined();
});

/** The sample's definition, and those that the page itself shows. */
async function definitionsOf(page: Page): Promise<DefinitionRow[]> {
  const written = await writeBlocks(join(folder, page.name.replaceAll(/\W/gv, "_")), page, ["ts"]);
  const shown = written
    .filter(isDefinition)
    .map(async (block) => definitionRow(basename(block.file, ".ts"), await loadDefinition(block)));
  return [definitionRow("publish_listing", publishListing), ...(await Promise.all(shown))];
}

/** Runs a page's blocks and gives what is wrong with them. */
async function problemsOf(blocks: readonly Block[], definitions: readonly DefinitionRow[]): Promise<string[]> {
  const database = await createTestDatabase();
  const roles = blocks.flatMap(({ code }) =>
    [...code.matchAll(/create role (?<role>\w+)/gv)].map((match) => match[1] ?? ""),
  );
  try {
    await registerDefinitions(database.pool, definitions, true);
    await database.pool.query(JOBS);
    const problems: string[] = [];
    for (const { place, code, next } of blocks) {
      try {
        const results: unknown = await database.pool.query(renamed(code, roles));
        const { fields } = [results].flat().at(-1) as pg.QueryResult;
        const problem = shapeProblem(
          { name: place, fields: fields.map(({ name }) => name) },
          next?.language === "text" ? next.code : "",
        );
        problems.push(...(problem === undefined ? [] : [problem]));
      } catch (error) {
        problems.push(`${place}: ${String(error)}\n${code}`);
      }
    }
    return problems;
  } finally {
    for (const role of roles) {
      await database.pool.query(renamed(`drop owned by ${role}; drop role ${role}`, roles));
    }
    await database.drop();
  }
}

/** Roles belong to the whole server, and other tests run at the same time. */
function renamed(sql: string, roles: readonly string[]): string {
  let text = sql;
  for (const role of roles) {
    text = text.replaceAll(role, `${role}_${process.pid}`);
  }
  return text;
}

/** What is wrong with a psql table that is shown for a query's result; other texts are no table. */
function shapeProblem(query: { name: string; fields: readonly string[] }, output: string): string | undefined {
  const [header = "", rule = ""] = output.split("\n");
  const columns = header.split("|").map((column) => column.trim());
  const isTable = /^[+\-]+$/v.test(rule);
  return isTable && columns.join(", ") !== query.fields.join(", ")
    ? `${query.name}: ${columns.join(", ")} in place of ${query.fields.join(", ")}`
    : undefined;
}
