import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { traitsOf } from "../../../src/engine/transactionControl.ts";

describe("statements that begin or end a transaction are recognised", () => {
  test.each([
    ["commit", "COMMIT"],
    ["  \n COMMIT ;", "COMMIT"],
    ["Commit And Chain", "COMMIT"],
    ["begin", "BEGIN"],
    ["begin isolation level serializable", "BEGIN"],
    ["start transaction", "START TRANSACTION"],
    ["end", "END"],
    ["abort", "ABORT"],
    ["rollback", "ROLLBACK"],
    ["rollback work", "ROLLBACK"],
    ["rollback and chain", "ROLLBACK"],
    ["prepare transaction 'x'", "PREPARE TRANSACTION"],
    ["discard all", "DISCARD ALL"],
    ["set transaction read only", "SET TRANSACTION READ ONLY"],
    ["set transaction isolation level serializable, read only", "SET TRANSACTION READ ONLY"],
    ["/* a /* nested */ comment */ commit", "COMMIT"],
    ["-- first\ncommit", "COMMIT"],
    ["insert into t values (1); commit; begin", "COMMIT"],
    ["select ';'; commit", "COMMIT"],
    ["select 'it''s'; commit", "COMMIT"],
    [String.raw`select E'\''; commit`, "COMMIT"],
    [String.raw`select '\'; commit`, "COMMIT"],
    ['select 1 as "a;""b"; commit', "COMMIT"],
    ["select $$;$$; commit", "COMMIT"],
    ["select $x$ $$ ; $x$; commit", "COMMIT"],
    ["select $1; commit", "COMMIT"],
    ["create function f() returns int begin atomic select case when true then 1 end; end; commit", "COMMIT"],
    [";;commit", "COMMIT"],
  ])("%s", (sql, control) => {
    expect(traitsOf(sql).control).toBe(control);
  });
});

describe("other statements go through", () => {
  test.each([
    "select 1",
    "",
    "savepoint a",
    "release savepoint a",
    "rollback to a",
    "rollback to savepoint a",
    "rollback work to savepoint a",
    "ROLLBACK TRANSACTION TO a",
    "set transaction isolation level serializable",
    "set local statement_timeout = 100",
    "prepare x as select 1",
    "discard temp",
    "select 'commit'",
    "select 'x; commit'",
    "select $$; commit$$",
    'select 1 as "commit"',
    'select 1 as "a"";commit"',
    String.raw`select E'\'; commit'`,
    "select case when true then 1 end",
    "-- commit",
    "/* ; commit */ select 1",
    "do $$ begin perform 1; end $$",
    "create function f() returns int begin atomic select case when true then 1 end; select 2; end",
    "create rule r as on insert to t do also (insert into u values (1); end)",
    "select 1 as commit_time",
    "update t set commit = 1",
  ])("%s", (sql) => {
    expect(traitsOf(sql).control).toBeUndefined();
  });
});

test("what changes settings, and what leaves a prepared statement, is noticed", () => {
  expect(traitsOf("select 1; set local role nobody")).toMatchObject({ setsSettings: true, prepares: false });
  expect(traitsOf("reset role").setsSettings).toBe(true);
  expect(traitsOf("select set_config('role', 'nobody', true)").setsSettings).toBe(true);
  expect(traitsOf("update t set role = 1").setsSettings).toBe(false);
  expect(traitsOf("prepare x as select 1")).toMatchObject({ setsSettings: false, prepares: true });
});

test("reads any text to its end, quoted or not, in a time that grows with its length only", () => {
  const piece = fc.constantFrom(
    "'",
    '"',
    "$$",
    "$a$",
    "--",
    "\n",
    "/*",
    "*/",
    ";",
    "(",
    ")",
    "E'",
    "\\",
    " commit ",
    "create begin atomic",
    " end ",
    "ä",
    "\u{1F600}",
    "\uD800",
    "\0",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      expect(traitsOf(pieces.join(""))).toBeDefined();
    }),
    { numRuns: 2000 },
  );
  expect(traitsOf(`select '${"x''".repeat(2_000_000)}'; commit`).control).toBe("COMMIT");
  expect(traitsOf("/*".repeat(2_000_000)).control).toBeUndefined();
});
