import { describe, expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import { addPublish, addWorker, checkpoint, claim, useSql, withSession } from "./fixtures.ts";

const sql = useSql();

/** Columns that a claim or a checkpoint writes. */
const CHANGED_BY_ENGINE: Readonly<Record<string, string>> = {
  jobs: "status fence worker_id started_at next_attempt_at finished_at cancelled_at cancel_reason",
  tasks: "status fence attempts stop_after progress started_at completed_at error_message result",
};

const OBJECTS = "('ratchet', 'ratchet_private')";

/** The first column of each row of a query over the catalogue, in order: what is not as it should be. */
async function offenders(query: string, values: unknown[] = []): Promise<string[]> {
  return (await sql.rows(query, values)).map((row) => String(Object.values(row)[0])).toSorted();
}

describe("comments, which are the documentation of the GraphQL API", () => {
  test("every schema of ours has one", async () => {
    expect(
      await offenders(`select nspname from pg_namespace
        where nspname in ${OBJECTS} and obj_description(oid, 'pg_namespace') is null`),
    ).toStrictEqual([]);
  });

  test("every table and view in schema ratchet has one", async () => {
    expect(
      await offenders(`select relname from pg_class
        where relnamespace = 'ratchet'::regnamespace and relkind in ('r', 'p', 'v', 'm')
          and obj_description(oid, 'pg_class') is null`),
    ).toStrictEqual([]);
  });

  test("every column of a table or view in schema ratchet has one", async () => {
    expect(
      await offenders(`select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'ratchet'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
          and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null`),
    ).toStrictEqual([]);
  });

  test("every type in schema ratchet has one", async () => {
    expect(
      await offenders(`select t.typname from pg_type t left join pg_class c on c.oid = t.typrelid
        where t.typnamespace = 'ratchet'::regnamespace and t.typelem = 0 and coalesce(c.relkind, 'c') = 'c'
          and obj_description(t.oid, 'pg_type') is null`),
    ).toStrictEqual([]);
  });

  test("every function of both schemas has one", async () => {
    expect(
      await offenders(`select oid::regprocedure from pg_proc
        where pronamespace::regnamespace::text in ${OBJECTS} and obj_description(oid, 'pg_proc') is null`),
    ).toStrictEqual([]);
  });

  test("each is one or more whole sentences", async () => {
    expect(
      await offenders(`select description from pg_description d
        where d.description !~ '^([A-Z]|graphile-worker).*\\.$' and (
          (d.classoid = 'pg_class'::regclass and d.objoid in (select oid from pg_class where relnamespace::regnamespace::text in ${OBJECTS}))
          or (d.classoid = 'pg_proc'::regclass and d.objoid in (select oid from pg_proc where pronamespace::regnamespace::text in ${OBJECTS}))
          or (d.classoid = 'pg_type'::regclass and d.objoid in (select oid from pg_type where typnamespace::regnamespace::text in ${OBJECTS})))`),
    ).toStrictEqual([]);
  });
});

describe("functions", () => {
  test("none has a second form with other arguments, which PostGraphile could not expose", async () => {
    expect(
      await offenders(`select proname from pg_proc where pronamespace::regnamespace::text in ${OBJECTS}
        group by pronamespace, proname having count(*) > 1`),
    ).toStrictEqual([]);
  });

  test("each pins a search_path in which nobody's temporary type comes before pg_catalog's", async () => {
    expect(
      await offenders(`select n.nspname || '.' || p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ${OBJECTS} and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']`),
    ).toStrictEqual([]);
  });

  test("one that has its owner's rights is revoked from PUBLIC", async () => {
    const query = `select oid::regprocedure from pg_proc
      where pronamespace::regnamespace::text in ${OBJECTS} and prosecdef and proname not in ('visible_tenants', 'believes_claims')`;
    expect(await offenders(`${query} and has_function_privilege('public', oid, 'execute')`)).toStrictEqual([]);
    expect(await offenders(query)).not.toStrictEqual([]);
  });
});

describe("rights", () => {
  test("PUBLIC has none in either schema", async () => {
    expect(
      await offenders(`select nspname from pg_namespace where nspname in ${OBJECTS}
        and (has_schema_privilege('public', oid, 'usage') or has_schema_privilege('public', oid, 'create'))`),
    ).toStrictEqual([]);
  });

  test("PUBLIC may execute no function of schema ratchet", async () => {
    expect(
      await offenders(`select oid::regprocedure from pg_proc
        where pronamespace = 'ratchet'::regnamespace and has_function_privilege('public', oid, 'execute')`),
    ).toStrictEqual([]);
  });

  test("PUBLIC may read or write no table, view or sequence of either schema", async () => {
    expect(
      await offenders(`select c.oid::regclass from pg_class c
        where c.relnamespace::regnamespace::text in ${OBJECTS} and case c.relkind
          when 'S' then has_sequence_privilege('public', c.oid, 'usage, select, update')
          when 'r' then has_any_column_privilege('public', c.oid, 'select, insert, update, references')
            or has_table_privilege('public', c.oid, 'delete, truncate, trigger')
          when 'v' then has_any_column_privilege('public', c.oid, 'select, insert, update, references')
            or has_table_privilege('public', c.oid, 'delete')
          else false end`),
    ).toStrictEqual([]);
  });

  test("views show nobody more than the tables under them do", async () => {
    expect(
      await offenders(`select relname from pg_class
        where relnamespace = 'ratchet'::regnamespace and relkind = 'v'
          and not coalesce(reloptions, '{}') @> array['security_invoker=true']`),
    ).toStrictEqual([]);
  });
});

describe("constraints and indexes", () => {
  test("each constraint but a primary key states its fact in its name", async () => {
    expect(
      await offenders(`select conname from pg_constraint
        where connamespace::regnamespace::text in ${OBJECTS} and contype not in ('n', 'p', 't')
          and (conname ~ '_(check|key|fkey|excl)\\d*$' or not starts_with(conname, (select relname from pg_class where oid = conrelid) || '_'))`),
    ).toStrictEqual([]);
  });

  test("each index but a constraint's own begins with its table's name and does not have a name of Postgres's making", async () => {
    expect(
      await offenders(`select i.relname from pg_index x
        join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
        where t.relnamespace::regnamespace::text in ${OBJECTS}
          and not exists (select from pg_constraint k where k.conindid = i.oid)
          and (i.relname ~ '_idx\\d*$' or not starts_with(i.relname, t.relname || '_'))`),
    ).toStrictEqual([]);
  });

  test("each foreign key is served by an index that begins with its columns", async () => {
    expect(
      await offenders(`select k.conname from pg_constraint k
        where k.connamespace::regnamespace::text in ${OBJECTS} and k.contype = 'f' and not exists (
          select from pg_index x
          where x.indrelid = k.conrelid and x.indisvalid and x.indpred is null and x.indexprs is null
            and array(select unnest(k.conkey) order by 1)
              = array(select a from unnest(x.indkey[0:cardinality(k.conkey) - 1]) a order by 1))`),
    ).toStrictEqual([]);
  });

  test.each(Object.entries(CHANGED_BY_ENGINE))(
    "no index on %s holds a column that claims or checkpoints change before a job ends",
    async (table, names) => {
      const columns = names.split(" ");
      expect(
        await offenders(
          "select unnest($1::text[]) except select attname from pg_attribute where attrelid = $2::regclass",
          [columns, named(`ratchet.${table}`)],
        ),
      ).toStrictEqual([]);
      expect(
        await offenders(
          `select i.relname || ': ' || a.attname from pg_index x
            join pg_class i on i.oid = x.indexrelid
            join pg_attribute a on a.attrelid = x.indrelid and (
              a.attnum = any (x.indkey)
              or exists (
                select from pg_depend d
                where d.classid = 'pg_class'::regclass and d.objid = x.indexrelid
                  and d.refclassid = 'pg_class'::regclass and d.refobjid = x.indrelid and d.refobjsubid = a.attnum))
            where x.indrelid = $1::regclass and a.attname = any ($2)
              -- Null for as long as the job runs, so that only its end is seen by indexes of the one kind or the other.
              and (a.attname <> 'finished_at' or x.indexprs is not null
                or pg_get_expr(x.indpred, x.indrelid) !~ '\\(?finished_at IS (NOT )?NULL')`,
          [named(`ratchet.${table}`), columns],
        ),
      ).toStrictEqual([]);
    },
  );

  test("so a job's claim, marks and checkpoints are heap-only updates until its last", async () => {
    const job = await addPublish(sql);
    const worker = await addWorker(sql);
    await withSession(sql, async (session) => {
      await session.query("begin");
      const [claimed] = await claim(session, worker, [job.id]);
      const fence = claimed?.fence ?? 0;
      for (let position = 1; position < 5; position++) {
        await checkpoint(session, worker, [{ job: job.id, position, fence, kind: "R", progress: 0.5 }]);
        await checkpoint(session, worker, [{ job: job.id, position, fence, kind: "C", result: position }]);
      }
      const { rows } = await session.query(
        `select t::text as name, pg_stat_get_xact_tuples_updated(t)::int as updated,
           pg_stat_get_xact_tuples_hot_updated(t)::int as heap_only
         from unnest(array['ratchet.jobs', 'ratchet.tasks']::regclass[]) t`,
      );
      expect(rows).toStrictEqual([
        { name: named("ratchet.jobs"), updated: 1, heap_only: 1 },
        { name: named("ratchet.tasks"), updated: 8, heap_only: 8 },
      ]);
    });
  });
});
