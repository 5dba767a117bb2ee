import { describe, expect, test } from "vitest";

import { isAnswerLost } from "../../../src/database/transientErrors.ts";

describe("whether the answer to a COMMIT is lost", () => {
  test.each([
    ["a deferred constraint", { severity: "ERROR", code: "23503" }],
    ["the same from a server that speaks German", { severity: "FEHLER", code: "23503" }],
    ["a serialization failure", { severity: "ERREUR", code: "40001" }],
  ])("%s is an answer", (_, error) => {
    expect(isAnswerLost(error)).toBe(false);
  });

  test.each([
    ["a closed socket", { code: "EPIPE" }],
    ["a text without a code", new Error("Connection terminated unexpectedly")],
    ["an ended server process", { severity: "FATAL", code: "57P01" }],
    ["a crash", { severity: "WARNING", code: "57P02" }],
    ["a session that was idle for too long in its transaction", { severity: "FATAL", code: "25P03" }],
    ["a broken connection by Postgres' own word", { severity: "FATAL", code: "08006" }],
    ["nothing at all", undefined],
  ])("%s is none", (_, error) => {
    expect(isAnswerLost(error)).toBe(true);
  });
});
