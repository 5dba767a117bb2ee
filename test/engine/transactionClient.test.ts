import pg from "pg";
import { describe, expect, test } from "vitest";

import { deferred } from "../support/waiting.ts";
import { type Work, useTransactionBench } from "./transactionBench.ts";

const bench = useTransactionBench();

const DONE = { status: "COMPLETED", effects: 1, failures: [] };

describe("a statement that begins or ends a transaction is refused before it is sent, and the transaction goes on", () => {
  test.each([
    "begin",
    "commit",
    "rollback",
    "abort",
    "end",
    "start transaction",
    "prepare transaction 'x'",
    "discard all",
    "set transaction read only",
    "/* now */ COMMIT",
    "insert into ledger values (0, 'slipped'); commit; begin",
  ])("%s", async (sql) => {
    const refusals: unknown[] = [];
    bench.work = async ({ client }) => {
      refusals.push(
        await client.query(sql).catch((error: unknown) => error),
        await client.query({ text: sql, name: "own" }).catch((error: unknown) => error),
        await client.query(sql, []).catch((error: unknown) => error),
        await new Promise((resolve) => {
          client.query(sql, resolve);
        }),
      );
      try {
        client.query(new pg.Query(sql));
      } catch (error) {
        refusals.push(error);
      }
    };
    expect(await bench.run()).toMatchObject(DONE);
    const refusal = { code: "RT142", hint: expect.stringContaining("savepoint") };
    expect(refusals).toMatchObject([refusal, refusal, refusal, refusal, refusal]);
    const { rowCount } = await bench.database().pool.query("select from ledger where note = 'slipped'");
    expect(rowCount).toBe(0);
  });

  test("thrown on, it rolls back and fails the job for good", async () => {
    bench.work = ({ client }) => client.query("commit");
    expect(await bench.run()).toMatchObject({
      status: "FAILED",
      nextAttemptAt: null,
      effects: 0,
      failures: [{ code: "RT142", message: 'COMMIT is refused: the transaction of "pay" belongs to the task.' }],
    });
  });

  test("in what streams have as their cursor", async () => {
    let refusal: unknown;
    bench.work = ({ client }) => {
      try {
        client.query({ submit() {}, cursor: { text: "commit" } } as never);
      } catch (error) {
        refusal = error;
      }
    };
    expect(await bench.run()).toMatchObject(DONE);
    expect(refusal).toMatchObject({ code: "RT142" });
  });
});

describe("a transaction that was ended all the same fails the job for good, before the task's end is written", () => {
  /** What it sends is not the text it shows. */
  const hidden = (sql: string) =>
    Object.assign(new pg.Query("select 1"), {
      submit(connection: { query(text: string): void }) {
        connection.query(sql);
        return null;
      },
    });
  const send = (client: Work["client"], sql: string): Promise<unknown> => {
    const query = hidden(sql);
    const ended = deferred<unknown>();
    query.on("end", ended.resolve);
    query.on("error", ended.resolve);
    client.query(query);
    return ended.promise;
  };

  test.each([
    ["commit", 1],
    ["commit; begin", 1],
    ["rollback", 0],
    ["rollback; begin", 0],
  ])("by %s", async (sql, effects) => {
    bench.work = async ({ client }) => {
      await send(client, sql);
      await client.query("insert into ledger (job_id, note) values (0, 'after')");
    };
    const end = await bench.run();
    expect(end).toMatchObject({
      status: "FAILED",
      nextAttemptAt: null,
      effects,
      failures: [{ code: "RT141", message: expect.stringContaining("may be committed") }],
    });
    // Outside every transaction a statement stands by itself.
    await bench.database().pool.query("delete from ledger where note = 'after'");
  });

  test("also when the handler throws after it", async () => {
    bench.work = async ({ client }) => {
      await send(client, "commit; begin");
      throw new Error("then this");
    };
    expect(await bench.run()).toMatchObject({
      status: "FAILED",
      nextAttemptAt: null,
      effects: 1,
      failures: [{ code: "RT141", message: expect.stringMatching(/may be committed.*then this/v) }],
    });
  });

  test("a procedure or a DO block cannot end it: Postgres says so, and nothing is kept", async () => {
    bench.work = ({ client }) => client.query("do $$ begin commit; end $$");
    expect(await bench.run()).toMatchObject({ status: "FAILED", effects: 0, failures: [{ code: "2D000" }] });
  });
});

describe("a statement that failed", () => {
  const failing = "insert into ledger values (0, 'twin'), (0, 'twin')";

  test("and was swallowed: the text says which, nothing is kept, and it is tried again", async () => {
    bench.work = ({ client }) => client.query(failing).catch(() => "never mind");
    const end = await bench.run();
    expect(end).toMatchObject({
      status: "FAILED",
      effects: 0,
      failures: [
        {
          code: "RT143",
          counted: true,
          message: expect.stringMatching(/A statement of "pay" failed.*ledger_note_key/v),
        },
      ],
    });
    expect(end.nextAttemptAt).not.toBeNull();
  });

  test("is named when a later one is thrown", async () => {
    bench.work = async ({ client }) => {
      await client.query(failing).catch(() => {});
      await client.query("select 1");
    };
    expect(await bench.run()).toMatchObject({
      failures: [{ code: "RT143", message: expect.stringContaining("ledger_note_key") }],
    });
  });

  test("between a savepoint and a rollback to it is no trouble", async () => {
    bench.work = async ({ client }) => {
      await client.query("savepoint part");
      await client.query(failing).catch(() => {});
      await client.query("rollback to savepoint part");
      await client.query("release savepoint part");
    };
    expect(await bench.run()).toMatchObject(DONE);
  });

  test.each(["40001", "40P01"])("with %s, wrapped or swallowed, repeats the task, uncounted", async (code) => {
    bench.work = async ({ client }) => {
      if (bench.tries() < 3) {
        const failure = await client
          .query(`do $$ begin raise exception using errcode = '${code}'; end $$`)
          .catch((error: unknown) => error);
        if (bench.tries() === 1) {
          throw new Error("Failed query", { cause: failure });
        }
      }
    };
    expect(await bench.run()).toMatchObject(DONE);
    expect(bench.tries()).toBe(3);
  });
});

describe("a statement that is not awaited", () => {
  test("belongs to the transaction", async () => {
    bench.work = ({ client, job }) => {
      void client.query("insert into ledger select $1, 'slow' from pg_sleep(0.05)", [job.id]);
    };
    expect(await bench.run()).toMatchObject({ ...DONE, effects: 2 });
    await bench.database().pool.query("delete from ledger where note = 'slow'");
  });

  test("and fails, fails the task, and the process lives on", async () => {
    bench.work = ({ client }) => {
      void client.query("select 1 / 0");
    };
    expect(await bench.run()).toMatchObject({
      status: "FAILED",
      effects: 0,
      failures: [{ code: "RT143", message: expect.stringContaining("division by zero") }],
    });
  });

  test("nor ends, is ended by the task's time-out", async () => {
    bench.work = ({ client }) => {
      void client.query("select pg_sleep(60)");
      client.query("select pg_sleep(60)", () => {});
    };
    const end = await bench.run({}, "short");
    expect(end).toMatchObject({ status: "FAILED", effects: 0, failures: [{ code: "RT119" }] });
    bench.work = () => {};
    expect(await bench.run()).toMatchObject(DONE);
  });

  test("of pg's own kind is waited for, too", async () => {
    bench.work = ({ client, job }) => {
      client.query(new pg.Query(`insert into ledger select ${job.id}, 'own kind' from pg_sleep(0.05)`));
    };
    expect(await bench.run()).toMatchObject({ ...DONE, effects: 2 });
  });
});

test("a client that is kept is refused after the end, with a callback or without", async () => {
  let kept: Work["client"] | undefined;
  bench.work = ({ client }) => {
    kept = client;
  };
  expect(await bench.run()).toMatchObject(DONE);
  const refusal = { code: "RT144", message: expect.stringContaining('"pay" has ended') };
  await expect(kept?.query("select 1")).rejects.toMatchObject(refusal);
  const told = deferred<unknown>();
  kept?.query("select 1", told.resolve);
  expect(await told.promise).toMatchObject(refusal);
  expect(() => kept?.query(new pg.Query("select 1"))).toThrow(expect.objectContaining(refusal));
});

test("nothing but query can be reached", async () => {
  bench.work = ({ client }) => Object.keys(client);
  const { jobId } = await bench.run();
  const { rows } = await bench
    .database()
    .pool.query<{ result: unknown }>("select result from ratchet.tasks where job_id = $1 and position = 1", [jobId]);
  expect(rows).toStrictEqual([{ result: ["query"] }]);
});

describe("settings that the handler makes", () => {
  test.each([
    ["set transaction isolation level serializable", "show transaction_isolation", "serializable"],
    ["set transaction isolation level repeatable read", "show transaction_isolation", "repeatable read"],
    ["set local statement_timeout = '5s'", "show statement_timeout", "5s"],
  ])("%s, as the first statement, holds for the transaction", async (set, show, value) => {
    const shown: unknown[] = [];
    bench.work = async ({ client }) => {
      await client.query(set);
      await client.query("select count(*) from ledger");
      shown.push(...Object.values((await client.query<Record<string, string>>(show)).rows[0] ?? {}));
    };
    expect(await bench.run({}, "bare")).toMatchObject({ status: "COMPLETED" });
    expect(shown).toStrictEqual([value]);
  });

  test("a role that may do nothing else does not keep the task's end from being written", async () => {
    await bench
      .database()
      .pool.query("do $$ begin create role ratchet_test_clerk; exception when duplicate_object then end $$");
    await bench.database().pool.query("grant insert on ledger to ratchet_test_clerk");
    bench.work = async ({ client, job }) => {
      await client.query("set local role ratchet_test_clerk");
      await client.query("insert into ledger values ($1)", [job.id]);
    };
    expect(await bench.run()).toMatchObject({ ...DONE, effects: 2 });
    await bench.database().pool.query("drop owned by ratchet_test_clerk; drop role ratchet_test_clerk");
  });

  test("synchronous_commit off does not make the task's end less durable", async () => {
    await bench.database().pool.query(`
      create function note_durability() returns trigger language plpgsql as $$
      begin
        insert into public.ledger values (0, 'synchronous_commit ' || current_setting('synchronous_commit'));
        return new;
      end $$;
      create trigger note_durability before update on ratchet.tasks for each row
        when (new.status = 'COMPLETED' and new.key = 'pay') execute function public.note_durability()`);
    bench.work = ({ client }) => client.query("set local synchronous_commit = off");
    expect(await bench.run()).toMatchObject(DONE);
    const { rows } = await bench.database().pool.query("select note from ledger where note like 'sync%'");
    await bench.database().pool.query("drop trigger note_durability on ratchet.tasks");
    expect(rows).toStrictEqual([{ note: "synchronous_commit on" }]);
  });
});
