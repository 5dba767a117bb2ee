import { globSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import { useSql } from "./fixtures.ts";

const sql = useSql({ definitions: false });
const SCHEMA_FOLDER = path.join(import.meta.dirname, "../../sql/schema");

function read(file: string): string {
  return readFileSync(path.join(SCHEMA_FOLDER, file), "utf8");
}

/** Names of the files of one kind, without `.sql`. */
function files(kind: string): string[] {
  return globSync(`${kind}/*.sql`, { cwd: SCHEMA_FOLDER })
    .map((file) => path.basename(file, ".sql"))
    .toSorted();
}

/** Group `name` of each match of a pattern in a file. */
function namesIn(file: string, pattern: RegExp): string[] {
  return [...read(file).matchAll(pattern)].map((match) => match.groups?.["name"] ?? "");
}

/** The first column of each row, in order. */
async function names(query: string): Promise<string[]> {
  return (await sql.rows(query)).map((row) => String(Object.values(row)[0])).toSorted();
}

test("sql/schema has one file for each function and view, and none for anything else", async () => {
  expect(files("functions").map(named)).toStrictEqual(
    await names(`select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('ratchet', 'ratchet_private')`),
  );
  expect(files("views").map(named)).toStrictEqual(
    await names(`select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('ratchet', 'ratchet_private') and c.relkind = 'v'`),
  );
  expect(new Set(globSync("*", { cwd: SCHEMA_FOLDER }))).toStrictEqual(
    new Set(["functions", "tables", "triggers", "views"]),
  );
});

test.each(files("functions"))("functions/%s.sql makes that function and comments it, nothing else", (name) => {
  const file = `functions/${name}.sql`;
  expect(namesIn(file, /^create (?:or replace )?\w+ (?<name>[\w.]+)/gmv)).toStrictEqual([name]);
  expect(namesIn(file, /^comment on function (?<name>[\w.]+)/gmv)).toStrictEqual([name]);
  expect(
    namesIn(file, /^(?:revoke|grant) .* on function (?<name>[\w.]+)/gmv).filter((other) => other !== name),
  ).toStrictEqual([]);
  expect(read(file), "says its volatility").toMatch(/^language \w+ (?:volatile|stable|immutable)\b/mv);
});

test.each(files("views"))("views/%s.sql makes that view and comments it, nothing else", (name) => {
  const file = `views/${name}.sql`;
  expect(namesIn(file, /^create (?:or replace )?\w+ (?<name>[\w.]+)/gmv)).toStrictEqual([name]);
  expect(namesIn(file, /^comment on view (?<name>[\w.]+)/gmv)).toStrictEqual([name]);
  expect(new Set(namesIn(file, /^comment on column (?<name>\w+\.\w+)/gmv))).toStrictEqual(new Set([name]));
});

test.each(files("triggers"))("triggers/%s.sql makes triggers of that table, nothing else", (name) => {
  const file = `triggers/${name}.sql`;
  const made = namesIn(file, /^create or replace trigger .* on (?<name>\w+\.\w+)$/gmv);
  expect(made).toHaveLength(namesIn(file, /^(?<name>\w+)/gmv).length);
  expect(new Set(made)).toStrictEqual(new Set([name]));
});

test.each(files("tables").filter((name) => name.includes(".")))(
  "tables/%s.sql comments that table or type, its columns and its own types, nothing else",
  (name) => {
    const file = `tables/${name}.sql`;
    expect(namesIn(file, /^comment on (?:table|type) (?<name>[\w.]+)/gmv)).toContain(name);
    expect(namesIn(file, /^comment on table (?<name>[\w.]+)/gmv).filter((other) => other !== name)).toStrictEqual([]);
    expect(namesIn(file, /^comment on column (?<name>\w+\.\w+)/gmv).filter((other) => other !== name)).toStrictEqual(
      [],
    );
    expect(namesIn(file, /^(?!comment on (?:table|column|type) )(?<name>\w.*)/gmv)).toStrictEqual([]);
  },
);

test("the file of a function that has its owner's rights begins with the reason", async () => {
  const definers =
    await names(`select case when n.nspname = 'ratchet' then '' else '_private' end || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('ratchet', 'ratchet_private') and p.prosecdef`);
  expect(definers).not.toStrictEqual([]);
  expect(
    definers.filter((name) => !/^-- security definer: \S.{20,}\n/v.test(read(`functions/ratchet${name}.sql`))),
  ).toStrictEqual([]);
});
