import type pg from "pg";
import { beforeAll, describe, expect, test } from "vitest";

import { CALLER_ROLES, type CallerRole } from "../../src/graphql/authentication/identity.ts";
import { type Raised, errorOf, useSql, withSession } from "../sql/fixtures.ts";
import { named, TEST_SCHEMAS } from "../support/schemas.ts";
import { FUNCTIONS, RELATIONS, isAllowed } from "./rules.ts";
import { type TenantRows, addTenant, registerForTenants } from "./tenants.ts";

const sql = useSql();
let own: TenantRows;
let other: TenantRows;

beforeAll(async () => {
  await registerForTenants(sql);
  own = await addTenant(sql, "A");
  other = await addTenant(sql, "B");
});

/** Runs `work` as a token of tenant A lets a server do it, in a transaction that is rolled back. */
function as<Result>(role: CallerRole, work: (session: pg.PoolClient) => Promise<Result>): Promise<Result> {
  return withSession(sql, async (session) => {
    await session.query("begin");
    await session.query(
      "select set_config('role', $1, true), set_config('ratchet.tenant', 'A', true), set_config('ratchet.subject', 'ann', true)",
      [`${TEST_SCHEMAS.ratchet}_${role}`],
    );
    return work(session);
  });
}

async function allOf(query: string): Promise<string[]> {
  return (await sql.rows<{ name: string }>(query)).map(({ name }) => name);
}

const relations = (): Promise<string[]> =>
  allOf(`select format('%s.%s', relnamespace::regnamespace, relname) as name from pg_class
    where relnamespace::regnamespace::text in ('ratchet', 'ratchet_private') and relkind in ('r', 'p', 'v', 'm', 'f') order by 1`);

const functions = (schema: string): Promise<string[]> =>
  allOf(`select format('%s.%s', pronamespace::regnamespace, proname) as name from pg_proc
    where pronamespace = '${schema}'::regnamespace order by 1`);

/** The values of a column as the role sees it, or the code of the refusal. */
function readColumn(role: CallerRole, relation: string, column: string): Promise<(string | null)[] | string> {
  return as(role, (session) =>
    session.query<{ value: string | null }>(`select "${column}"::text as value from ${relation}`).then(
      ({ rows }) => rows.map(({ value }) => value),
      (error: unknown) => (error as Raised).code,
    ),
  );
}

function problemsWith(
  role: CallerRole,
  relation: string,
  column: string,
  answer: (string | null)[] | string,
): string[] {
  const [, rule] = Object.entries(RELATIONS).find(([name]) => named(name) === relation) ?? [];
  const isReadable =
    rule !== undefined &&
    isAllowed(role, rule.from) &&
    (rule.operatorColumns?.includes(column) !== true || isAllowed(role, "operator"));
  if (typeof answer === "string" || !isReadable) {
    return isReadable || answer !== "42501" ? [`is answered ${JSON.stringify(answer)}`] : [];
  }
  return role === "admin" ? [] : foreignRows(rule.rows, relation, column, answer);
}

function foreignRows(
  rows: "of tenant" | "all" | "for admins",
  relation: string,
  column: string,
  answer: readonly (string | null)[],
): string[] {
  const foreign = new Set([other.failed, other.pending, other.hidden, other.cancelled]);
  const isJobId = column === "job_id" || (column === "id" && /jobs$|job_overview$/v.test(relation));
  return [
    ...(answer.some((value) => (value ?? "").includes(other.secret)) ? ["has a secret of another tenant"] : []),
    ...(rows === "for admins" && answer.length > 0 ? ["has rows"] : []),
    ...(rows === "of tenant" && answer.length === 0 ? ["has no row"] : []),
    ...(column === "tenant" && answer.some((value) => value !== "A") ? ["has another tenant"] : []),
    ...(isJobId && answer.some((value) => foreign.has(value ?? "")) ? ["has another tenant's job"] : []),
  ];
}

test("every function of schema ratchet has a rule, and every rule its object", async () => {
  const rules = (known: object): string[] => Object.keys(known).map(named);
  expect(await functions("ratchet")).toStrictEqual(
    rules(FUNCTIONS)
      .filter((name) => name.startsWith(`${TEST_SCHEMAS.ratchet}.`))
      .toSorted(),
  );
  expect([...(await functions("ratchet")), ...(await functions("ratchet_private"))]).toStrictEqual(
    expect.arrayContaining(rules(FUNCTIONS)),
  );
  expect(await relations()).toStrictEqual(expect.arrayContaining(rules(RELATIONS)));
  const shown = (await relations()).filter((name) => name.startsWith(`${TEST_SCHEMAS.ratchet}.`));
  expect(shown).toStrictEqual(rules(RELATIONS).filter((name) => name.startsWith(`${TEST_SCHEMAS.ratchet}.`)));
});

test("every table of schema ratchet has row security", async () => {
  expect(
    await allOf(`select relname as name from pg_class
      where relnamespace = 'ratchet'::regnamespace and relkind in ('r', 'p') and not relrowsecurity`),
  ).toStrictEqual([]);
});

describe.each(CALLER_ROLES)("%s", (role) => {
  test("reads of each table and view exactly the columns and rows that the rules say", async () => {
    const problems: string[] = [];
    for (const relation of await relations()) {
      const columns = await allOf(
        `select attname as name from pg_attribute where attrelid = '${relation}'::regclass and attnum > 0 and not attisdropped`,
      );
      for (const column of columns) {
        const answer = await readColumn(role, relation, column);
        problems.push(
          ...problemsWith(role, relation, column, answer).map((problem) => `${relation}.${column} ${problem}`),
        );
      }
    }
    expect(problems).toStrictEqual([]);
  });

  test("writes no table and no view", async () => {
    const writable: string[] = [];
    for (const relation of await relations()) {
      const [found] = await sql.rows<{ any: boolean }>(
        `select has_any_column_privilege($1, $2, 'insert, update, references')
           or has_table_privilege($1, $2, 'delete, truncate, trigger') as any`,
        [`${TEST_SCHEMAS.ratchet}_${role}`, relation],
      );
      if (found?.any === true) {
        writable.push(relation);
      }
    }
    expect(writable).toStrictEqual([]);
  });

  test("may call exactly the functions that the rules say", async () => {
    const may = await allOf(
      `select format('%s.%s', pronamespace::regnamespace, proname) as name from pg_proc
        where pronamespace::regnamespace::text in ('ratchet', 'ratchet_private')
          and has_function_privilege('ratchet_${role}', oid, 'execute') order by 1`,
    );
    expect(may).toStrictEqual(
      Object.entries(FUNCTIONS)
        .filter(([, from]) => isAllowed(role, from))
        .map(([name]) => named(name))
        .toSorted(),
    );
  });

  test("has no right in graphile-worker's schema", async () => {
    expect(
      await sql.value(
        "select has_schema_privilege('ratchet_' || $1, 'graphile_worker', 'usage, create')".replace(
          "'ratchet_' || $1",
          `'ratchet_${role}'`,
        ),
      ),
    ).toBe(false);
  });
});

/** Calls with a job's id, each with arguments that would do something to a job of one's own. */
const CALLS: Readonly<Record<string, string>> = {
  "ratchet.cancel_job": "ratchet.cancel_job($1)",
  "ratchet.complete_task": "ratchet.complete_task($1, 'validate')",
  "ratchet.explain_job": "ratchet.explain_job($1)",
  "ratchet.reschedule_job": "ratchet.reschedule_job($1, now())",
  "ratchet.retry_job": "ratchet.retry_job($1)",
  "ratchet.scrub_job": "ratchet.scrub_job($1)",
  "ratchet.skip_task": "ratchet.skip_task($1, 'validate')",
};

test("every function that takes a job's id is called below", async () => {
  expect(
    await allOf(`select format('%s.%s', pronamespace::regnamespace, proname) as name from pg_proc
      where pronamespace = 'ratchet'::regnamespace and 'job_id' = any (proargnames[:pronargs]) order by 1`),
  ).toStrictEqual(Object.keys(CALLS).map(named));
});

test.each(Object.entries(CALLS))("%s says of another tenant's job what it says of none", async (name, call) => {
  // Scrubbing is for admins, whom nothing limits.
  const role = FUNCTIONS[name] === "admin" ? "operator" : (FUNCTIONS[name] as CallerRole);
  const refusal = (id: string): Promise<Raised> =>
    errorOf(as(role, (session) => session.query(`select ${call}`, [id])));
  const [foreign, none] = [await refusal(other.failed), await refusal("987654321")];
  expect(foreign.code).toBe(FUNCTIONS[name] === "admin" ? "42501" : "RT013");
  expect({ ...foreign, message: foreign.message.replace(other.failed, "987654321") }).toMatchObject({
    code: none.code,
    message: none.message,
    hint: none.hint,
    detail: none.detail,
  });
});

test("another tenant's job is refused before any lock that somebody holds on it", async () => {
  await withSession(sql, async (holder) => {
    await holder.query("begin");
    await holder.query("select from ratchet.tasks where job_id = $1 for update", [other.failed]);
    await holder.query("select from ratchet.jobs where id = $1 for update", [other.failed]);
    expect(
      await errorOf(as("operator", (session) => session.query("select ratchet.retry_job($1)", [other.failed]))),
    ).toMatchObject({
      code: "RT013",
    });
  });
});

test.each(["cancel_jobs", "retry_jobs"])("%s of everything passes over other tenants' jobs", async (name) => {
  const before = await sql.rows("select id, status, fence from ratchet.jobs where tenant = 'B' order by id");
  await as("operator", async (session) => {
    const { rows } = await session.query<{ name: string }>(
      "select unnest(proargnames[:pronargs]) as name from pg_proc where pronamespace = 'ratchet'::regnamespace and proname = $1",
      [name],
    );
    const dry = rows.find((row) => row.name.includes("dry"))?.name;
    await session.query(
      named(`select * from ratchet.${name}(ids => $1${dry === undefined ? "" : `, ${dry} => false`})`),
      [[own.failed, other.failed, own.pending, other.pending]],
    );
    await session.query("reset role");
    const after = await session.query("select id, status, fence from ratchet.jobs where tenant = 'B' order by id");
    expect(after.rows).toStrictEqual(before);
    const { rows: orders } = await session.query(
      "select distinct tenant, actor from ratchet.audit where action <> 'cancel' or actor = 'ann' order by 1",
    );
    expect(orders).toStrictEqual([{ tenant: "A", actor: "ann" }]);
  });
});

describe("payloads, inputs and results", () => {
  const READ = `select ratchet.jobs_payload(jsonb_populate_record(null::ratchet.jobs, jsonb_build_object('id', $1::bigint)))::text as payload,
    ratchet.tasks_input(jsonb_populate_record(null::ratchet.tasks, jsonb_build_object('job_id', $1::bigint, 'position', 2)))::text as input,
    ratchet.tasks_result(jsonb_populate_record(null::ratchet.tasks, jsonb_build_object('job_id', $1::bigint, 'position', 1)))::text as result`;
  const read = async (role: CallerRole, id: string): Promise<Record<string, string | null> | undefined> =>
    (await as(role, (session) => session.query<Record<string, string | null>>(READ, [id]))).rows[0];

  test("are given to viewers unless the definition hides them, whose jobs only operators can open", async () => {
    expect(await read("viewer", own.failed)).toMatchObject({
      payload: expect.stringContaining(own.secret),
      input: JSON.stringify(own.secret),
      result: JSON.stringify(own.secret),
    });
    expect(await read("viewer", own.hidden)).toStrictEqual({ payload: null, input: null, result: null });
    expect(await read("operator", own.hidden)).toMatchObject({
      payload: expect.stringContaining(own.secret),
      result: JSON.stringify(`${own.secret}, hidden`),
    });
  });

  test("of another tenant are given to admins alone, whatever row is made up", async () => {
    for (const role of ["viewer", "operator"] as const) {
      expect(await read(role, other.failed)).toStrictEqual({ payload: null, input: null, result: null });
    }
    expect(await read("admin", other.hidden)).toMatchObject({ payload: expect.stringContaining(other.secret) });
  });

  test("functions over a made-up row say nothing of another tenant's job", async () => {
    for (const name of Object.keys(FUNCTIONS).filter((each) => each.startsWith("ratchet.jobs_"))) {
      const call = (id: string): Promise<string> =>
        as("viewer", (session) =>
          session
            .query<{ value: unknown }>(
              `select ${name}(jsonb_populate_record(null::ratchet.jobs,
                 jsonb_build_object('id', $1::bigint, 'tenant', 'B', 'identifier', 'publish'))) as value`,
              [id],
            )
            .then(
              ({ rows }) => JSON.stringify(rows),
              (error: unknown) => (error as Raised).code,
            ),
        );
      expect(await call(other.failed), `of ${name}`).toBe(await call("987654321"));
    }
  });
});
