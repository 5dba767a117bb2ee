import { expect, test } from "vitest";

import { type Work, useTransactionBench } from "./transactionBench.ts";

const bench = useTransactionBench();

const DONE = { status: "COMPLETED", failures: [] };

interface Session {
  readonly pid: number;
  /** Everything that a transaction can leave. */
  readonly left: unknown;
}

async function readSession(client: Work["client"]): Promise<Session> {
  const { rows } = await client.query<Session>(`
    select pg_backend_pid() as pid, jsonb_build_object(
      'settings', (select jsonb_object_agg(name, setting) from pg_settings where source = 'session'),
      'user', current_user, 'session_user', session_user,
      'listens', (select count(*) from pg_listening_channels()),
      'cursors', (select count(*) from pg_cursors),
      'prepared', (select count(*) from pg_prepared_statements where from_sql),
      'temporary', (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
      'locks', (select jsonb_agg(jsonb_build_array(classid, objid, mode) order by classid, objid)
                from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
    ) as left`);
  const [session] = rows;
  if (session === undefined) {
    throw new Error("There is no answer");
  }
  return session;
}

async function sessionOfOneTask(before: (client: Work["client"]) => Promise<unknown>): Promise<Session> {
  let session: Session | undefined;
  bench.work = async ({ client }) => {
    await before(client);
    session = await readSession(client);
  };
  expect(await bench.run({}, "bare")).toMatchObject(DONE);
  if (session === undefined) {
    throw new Error("The handler did not run");
  }
  return session;
}

const nothing = async (): Promise<void> => {};

test.each([
  ["a setting", "set work_mem = '8MB'"],
  ["a setting of Ratchet's own", "set default_transaction_isolation = 'serializable'; set synchronous_commit = off"],
  ["the session's default", "set session characteristics as transaction read only"],
  ["a setting made by a function", "select set_config('search_path', 'pg_catalog', false)"],
  ["a role", "set role pg_monitor"],
  ["a temporary table", "create temp table left_behind (a int)"],
  ["a cursor", "declare left_behind cursor with hold for select 1"],
  ["an advisory lock", "select pg_advisory_lock(7, 7)"],
])("%s is gone for the next task, on the same connection", async (_, sql) => {
  const clean = await sessionOfOneTask(nothing);
  expect(JSON.stringify(clean.left)).toContain("ShareLock");
  const soiled = await sessionOfOneTask((client) => client.query(sql));
  expect(soiled.left).not.toStrictEqual(clean.left);
  expect(await sessionOfOneTask(nothing)).toStrictEqual(clean);
});

test("LISTEN, which begins with the commit, is gone for the next task", async () => {
  const clean = await sessionOfOneTask(nothing);
  await sessionOfOneTask((client) => client.query("listen nothing"));
  expect(await sessionOfOneTask(nothing)).toStrictEqual(clean);
});

test("a prepared statement goes with its connection", async () => {
  const clean = await sessionOfOneTask(nothing);
  await sessionOfOneTask((client) => client.query("prepare left_behind as select 1"));
  const next = await sessionOfOneTask((client) => client.query("prepare left_behind as select 2"));
  expect(next.pid).not.toBe(clean.pid);
});

test("a query that pg has named may be used again", async () => {
  const named = { name: "named_by_handler", text: "select 7 as seven" };
  const first = await sessionOfOneTask((client) => client.query(named));
  expect((await sessionOfOneTask((client) => client.query(named))).pid).toBe(first.pid);
});

test("what a task that failed has left is gone, too", async () => {
  const clean = await sessionOfOneTask(nothing);
  bench.work = async ({ client }) => {
    await client.query("select pg_advisory_lock(7, 7)");
    throw new Error("no");
  };
  expect(await bench.run({}, "bare")).toMatchObject({ status: "FAILED" });
  expect(await sessionOfOneTask(nothing)).toStrictEqual(clean);
});
