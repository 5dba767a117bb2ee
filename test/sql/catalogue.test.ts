import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { useSql } from "./fixtures.ts";

const sql = useSql({ definitions: false });
const SCHEMA_FOLDER = fileURLToPath(new URL("../../sql/schema", import.meta.url));

interface SchemaFile {
  readonly folder: string;
  readonly name: string;
  readonly text: string;
}

const files: readonly SchemaFile[] = readdirSync(SCHEMA_FOLDER, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".sql"))
  .map((file) => ({
    folder: path.dirname(file),
    name: path.basename(file, ".sql"),
    text: readFileSync(path.join(SCHEMA_FOLDER, file), "utf8"),
  }));
const functionFiles = files.filter(({ folder }) => folder === "functions");

/** Objects that break a rule; a test wants none. */
const offenders = async (query: string): Promise<unknown[]> =>
  (await sql.rows<{ what: string }>(query)).map(({ what }) => what);

const FUNCTIONS = `from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('ratchet', 'ratchet_private')`;
const TABLES = `from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('ratchet', 'ratchet_private')`;

describe("comments, which are the GraphQL documentation:", () => {
  test("every table and view has one", async () => {
    expect(
      await offenders(
        `select c.oid::regclass::text as what ${TABLES} and c.relkind in ('r', 'v') and obj_description(c.oid, 'pg_class') is null`,
      ),
    ).toStrictEqual([]);
  });

  test("every column in schema ratchet has one", async () => {
    expect(
      await offenders(
        `select c.oid::regclass || '.' || a.attname as what ${TABLES.replace("where", "join pg_attribute a on a.attrelid = c.oid where")}
         and n.nspname = 'ratchet' and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null`,
      ),
    ).toStrictEqual([]);
  });

  test("every type has one", async () => {
    expect(
      await offenders(
        `select t.oid::regtype::text as what from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
         where n.nspname in ('ratchet', 'ratchet_private') and (t.typtype = 'e' or c.relkind = 'c') and obj_description(t.oid, 'pg_type') is null`,
      ),
    ).toStrictEqual([]);
  });

  test("every function and both schemas have one", async () => {
    expect(
      await offenders(
        `select p.oid::regprocedure::text as what ${FUNCTIONS} and obj_description(p.oid, 'pg_proc') is null`,
      ),
    ).toStrictEqual([]);
    expect(
      await offenders(
        "select nspname as what from pg_namespace where nspname like 'ratchet%' and obj_description(oid, 'pg_namespace') is null",
      ),
    ).toStrictEqual([]);
  });
});

describe("functions:", () => {
  test("every one pins search_path to nothing; a constant in plain SQL has no names to look up and could not be folded", async () => {
    expect(
      await offenders(
        `select p.oid::regprocedure::text as what ${FUNCTIONS}
         and not coalesce('search_path=""' = any (p.proconfig), false)
         and not (p.prolang = (select oid from pg_language where lanname = 'sql') and p.provolatile = 'i' and p.pronargs = 0)`,
      ),
    ).toStrictEqual([]);
  });

  test("every file states the volatility, so that none is left to the default", () => {
    expect(
      functionFiles
        .filter(({ text }) => !/^language (?:plpgsql|sql) (?:volatile|stable|immutable)\b/mv.test(text))
        .map(({ name }) => name),
    ).toStrictEqual([]);
  });

  test("none is overloaded, because PostGraphile cannot expose overloads", async () => {
    expect(
      await offenders(`select n.nspname || '.' || p.proname as what ${FUNCTIONS} group by 1 having count(*) > 1`),
    ).toStrictEqual([]);
  });

  test("every security definer is revoked from public and says in its file's first line why", async () => {
    expect(
      await offenders(
        `select p.oid::regprocedure::text as what ${FUNCTIONS} and p.prosecdef and has_function_privilege('public', p.oid, 'execute')`,
      ),
    ).toStrictEqual([]);
    const definers = functionFiles.filter(({ text }) => /^language .*security definer/mv.test(text));
    expect(definers.length).toBeGreaterThan(0);
    expect(
      definers.filter(({ text }) => !text.startsWith("-- security definer: ")).map(({ name }) => name),
    ).toStrictEqual([]);
  });

  test("none in schema ratchet may be called by everybody", async () => {
    expect(
      await offenders(
        `select p.oid::regprocedure::text as what ${FUNCTIONS} and n.nspname = 'ratchet' and has_function_privilege('public', p.oid, 'execute')`,
      ),
    ).toStrictEqual([]);
  });
});

describe("tables:", () => {
  test("nothing may be read or written by everybody, and nobody may look into the schemas", async () => {
    expect(
      await offenders(
        `select c.oid::regclass || ' ' || privilege as what ${TABLES.replace("where", "cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) privilege where")}
         and c.relkind in ('r', 'v') and has_table_privilege('public', c.oid, privilege)`,
      ),
    ).toStrictEqual([]);
    expect(
      await offenders(
        "select nspname as what from pg_namespace where nspname like 'ratchet%' and has_schema_privilege('public', oid, 'usage')",
      ),
    ).toStrictEqual([]);
  });

  test("every constraint has a name that states the fact, not one that Postgres made up", async () => {
    expect(
      await offenders(
        `select k.conrelid::regclass || ' ' || k.conname as what from pg_constraint k join pg_namespace n on n.oid = k.connamespace
         where n.nspname in ('ratchet', 'ratchet_private') and k.contype in ('c', 'f', 'u', 'x') and k.conname ~ '_(check|fkey|key|excl)[0-9]*$'`,
      ),
    ).toStrictEqual([]);
  });

  test("every foreign key has an index that begins with its columns", async () => {
    expect(
      await offenders(
        `select k.conname as what from pg_constraint k join pg_namespace n on n.oid = k.connamespace
         where n.nspname in ('ratchet', 'ratchet_private') and k.contype = 'f' and not exists (
           select from pg_index i where i.indrelid = k.conrelid and i.indpred is null
             and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)`,
      ),
    ).toStrictEqual([]);
  });

  test("no index on tasks has a column that a checkpoint changes", async () => {
    expect(
      await offenders(
        `select i.indexrelid::regclass || ' ' || a.attname as what from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
         where i.indrelid = 'ratchet.tasks'::regclass and a.attname not in ('job_id', 'position')`,
      ),
    ).toStrictEqual([]);
  });

  test("no index on jobs has status, fence or worker in key or predicate", async () => {
    expect(
      await offenders(
        `select indexdef as what from pg_indexes where schemaname = 'ratchet' and tablename = 'jobs' and indexdef ~ '\\m(status|fence|worker_id)\\M'`,
      ),
    ).toStrictEqual([]);
  });

  test("every time is timestamptz and ends in _at", async () => {
    expect(
      await offenders(
        `select c.oid::regclass || '.' || a.attname as what ${TABLES.replace("where", "join pg_attribute a on a.attrelid = c.oid where")}
         and n.nspname = 'ratchet' and c.relkind = 'r' and a.attnum > 0
         and (a.atttypid in ('timestamp'::regtype, 'timestamptz'::regtype)) <> (a.atttypid = 'timestamptz'::regtype and a.attname ~ '_(at|since)$')`,
      ),
    ).toStrictEqual([]);
  });
});

describe("files in sql/schema:", () => {
  test("each function file makes exactly the one function it is named after", async () => {
    for (const { name, text } of functionFiles) {
      expect([name, ...(text.match(/^create or replace \S+ [a-z_.]+/gmv) ?? [])]).toStrictEqual([
        name,
        `create or replace function ${name}`,
      ]);
    }
    const made = await offenders(`select n.nspname || '.' || p.proname as what ${FUNCTIONS} order by 1`);
    expect(made).toStrictEqual(functionFiles.map(({ name }) => name).toSorted());
  });

  test("each view file makes exactly the one view it is named after", async () => {
    const viewFiles = files.filter(({ folder }) => folder === "views");
    for (const { name, text } of viewFiles) {
      expect([name, ...(text.match(/^create or replace \S+ [a-z_.]+/gmv) ?? [])]).toStrictEqual([
        name,
        `create or replace view ${name}`,
      ]);
    }
    expect(
      await offenders(`select n.nspname || '.' || c.relname as what ${TABLES} and c.relkind = 'v' order by 1`),
    ).toStrictEqual(viewFiles.map(({ name }) => name).toSorted());
  });

  test("each trigger file holds the triggers of the table it is named after, each table file its comments", () => {
    for (const { folder, name, text } of files) {
      if (folder === "triggers") {
        const tables = [...text.matchAll(/^create or replace trigger .*? on (?<table>[a-z_.]+)/gmsv)].map(
          ({ groups }) => groups?.["table"],
        );
        expect([name, new Set(tables)]).toStrictEqual([name, new Set([name])]);
      } else if (folder === "tables") {
        expect(text).not.toMatch(/^(?:create|alter|drop)/mv);
      }
    }
  });
});
