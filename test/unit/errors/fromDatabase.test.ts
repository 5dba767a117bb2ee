import { DatabaseError } from "pg";
import { describe, expect, test } from "vitest";

import { toRatchetError } from "../../../src/errors/fromDatabase.ts";
import { RatchetError } from "../../../src/errors/ratchetError.ts";

function databaseError(code: string, message: string, more: { detail?: string; hint?: string } = {}): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, "error"), { code, ...more });
}

describe("toRatchetError", () => {
  test("keeps message, detail and hint of an error raised by Ratchet's own SQL", () => {
    const thrown = databaseError("RT001", 'There is no definition "publsh".', {
      detail: "Known: publish.",
      hint: "Look.",
    });
    const error = toRatchetError(thrown);
    expect(error).toMatchObject({
      name: "RatchetError",
      code: "RT001",
      message: 'There is no definition "publsh".',
      detail: "Known: publish.",
      hint: "Look.",
    });
    expect(error).not.toHaveProperty("cause");
  });

  test("gives the catalogue's advice where SQL gave no hint", () => {
    expect(toRatchetError(databaseError("RT013", "No job 7."))).toMatchObject({
      code: "RT013",
      hint: expect.stringContaining("Check the id"),
    });
  });

  test.each([
    "ECONNREFUSED",
    "ECONNRESET",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "EPIPE",
    "57P03",
    "57P01",
    "53300",
    "08006",
  ])("%s is a database that cannot be reached for now", (code) => {
    const cause = Object.assign(new Error("connect failed."), { code });
    expect(toRatchetError(cause)).toMatchObject({
      code: "RT101",
      message: "Postgres cannot be reached: connect failed.",
      retryable: true,
      cause,
    });
  });

  test.each([
    ["28P01", "user and password"],
    ["28000", "pg_hba.conf"],
    ["3D000", "create database"],
  ])("%s is a refusal that waiting does not help", (code, advice) => {
    expect(toRatchetError(databaseError(code, "not you"))).toMatchObject({
      code: "RT101",
      message: "Postgres refused the connection: not you.",
      hint: expect.stringContaining(advice),
      retryable: false,
    });
  });

  test("a password that is missing is a refusal too", () => {
    const cause = new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string");
    expect(toRatchetError(cause)).toMatchObject({ code: "RT101", hint: expect.stringContaining("password") });
  });

  test.each([
    "Connection terminated unexpectedly",
    "Connection terminated due to connection timeout",
    "Client has encountered a connection error and is not queryable",
    "timeout exceeded when trying to connect",
    "timeout expired",
  ])("pg's own %j has no code and is known by its text", (message) => {
    expect(toRatchetError(new Error(message))).toMatchObject({ code: "RT101", retryable: true });
  });

  test("a host with several addresses fails with all their reasons", () => {
    const reasons = [new Error("connect ECONNREFUSED ::1:5432"), new Error("connect ECONNREFUSED 127.0.0.1:5432")];
    // oxlint-disable-next-line unicorn/error-message -- Node gives it none.
    expect(toRatchetError(Object.assign(new AggregateError(reasons, ""), { code: "ECONNREFUSED" }))).toMatchObject({
      message: "Postgres cannot be reached: connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432.",
    });
  });

  test("a missing socket is an unreachable database, a missing file is not", () => {
    const missing = Object.assign(new Error("ENOENT"), { code: "ENOENT" });
    expect(toRatchetError(missing)).toBe(missing);
    expect(toRatchetError(Object.assign(new Error("ENOENT"), { code: "ENOENT", syscall: "connect" }))).toMatchObject({
      code: "RT101",
    });
  });

  test("42501 says which right is missing", () => {
    expect(toRatchetError(databaseError("42501", "permission denied for table jobs"))).toMatchObject({
      code: "RT103",
      message: "Postgres refused for lack of rights: permission denied for table jobs.",
    });
  });

  test("everything else comes back as it is", () => {
    const others = [
      databaseError("23505", "duplicate key"),
      databaseError("RT999", "from a newer Ratchet"),
      new Error("timeout expired while baking"),
      new RatchetError("RT104", "Port 1 is taken."),
      Object.assign(new Error("a number as code"), { code: 42_501 }),
      "text",
      null,
      undefined,
    ];
    expect(others.map(toRatchetError)).toStrictEqual(others);
    expect(others.map(toRatchetError).every((result, index) => result === others[index])).toBe(true);
  });
});
