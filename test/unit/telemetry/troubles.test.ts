import { beforeEach, expect, test, vi } from "vitest";

import { type Troubles, troublesOf } from "../../../src/telemetry/troubles.ts";
import { type RecordingHub, createRecordingHub } from "../../engine/engine.ts";

let events: RecordingHub;
let troubles: Troubles;
const [claim, checkpoint, beat] = [{}, {}, {}];

beforeEach(() => {
  events = createRecordingHub();
  troubles = troublesOf(events);
});

function withCode(code: string): Error {
  return Object.assign(new Error(`error ${code}`), { code });
}

function told(): unknown[] {
  return [...events.told("database.troubled"), ...events.told("database.recovered")];
}

test("what many calls meet in a restart is one trouble, over when each was answered", () => {
  troubles.failed(claim, "claim", withCode("57P01"));
  troubles.failed(checkpoint, "checkpoint", withCode("ECONNREFUSED"));
  troubles.failed(claim, "claim", new Error("Connection terminated unexpectedly"));
  troubles.failed(beat, "beat", withCode("57P03"));
  troubles.answered(checkpoint);
  troubles.answered(claim);
  expect(told()).toMatchObject([{ kind: "unreachable", call: "claim", errorCode: "57P01" }]);
  troubles.answered(beat);
  expect(events.told("database.recovered")).toMatchObject([{ kind: "unreachable", call: "claim" }]);
});

test("a failover that ends in a read-only server is told as what it is by then, and over once", () => {
  troubles.failed(claim, "claim", withCode("ECONNRESET"));
  troubles.failed(claim, "claim", withCode("25006"));
  troubles.failed(beat, "beat", withCode("ECONNRESET"));
  troubles.failed(beat, "beat", withCode("25006"));
  troubles.answered(claim);
  expect(events.told("database.troubled")).toMatchObject([{ kind: "unreachable" }, { kind: "read only" }]);
  expect(events.told("database.recovered")).toStrictEqual([]);
  troubles.answered(beat);
  expect(events.told("database.recovered")).toMatchObject([{ kind: "read only" }]);
});

test("somebody's lock is trouble of its own, which may last while the server goes away and comes back", () => {
  troubles.failed(checkpoint, "checkpoint", withCode("55P03"));
  troubles.failed(claim, "claim", withCode("57P01"));
  troubles.answered(claim);
  troubles.answered(checkpoint);
  expect(events.told("database.troubled").map(({ kind }) => kind)).toStrictEqual(["locked", "unreachable"]);
  expect(events.told("database.recovered").map(({ kind }) => kind)).toStrictEqual(["unreachable", "locked"]);
});

test("what comes back soon is told only if it lasts", () => {
  vi.useFakeTimers();
  for (let time = 0; time < 100; time++) {
    troubles.failed(claim, "claim", withCode("53300"));
    vi.advanceTimersByTime(100);
    troubles.answered(claim);
  }
  expect(events.told("database.troubled")).toHaveLength(1);
  expect(events.told("database.recovered")).toHaveLength(1);
  troubles.failed(claim, "claim", withCode("53300"));
  vi.advanceTimersByTime(1000);
  expect(events.told("database.troubled")).toHaveLength(2);
  troubles.answered(claim);
  expect(events.told("database.recovered")).toHaveLength(2);
  vi.useRealTimers();
});

test("a call that is given up ends the trouble without a word", () => {
  troubles.failed(claim, "claim", withCode("ECONNRESET"));
  troubles.gaveUp(claim);
  troubles.failed(claim, "claim", withCode("ECONNRESET"));
  expect(events.told("database.recovered")).toStrictEqual([]);
  expect(events.told("database.troubled")).toHaveLength(2);
});

test("a pool of our own with every connection in use is no trouble of Postgres'", () => {
  troubles.failed(claim, "claim", new Error("timeout exceeded when trying to connect"));
  expect(told()).toStrictEqual([]);
});

test.each([
  ["53300", "full"],
  ["53100", "disk full"],
  ["55P03", "locked"],
  ["42501", "rights"],
  ["42P01", "missing"],
  ["28P01", "refused"],
  ["3D000", "refused"],
  ["ETIMEDOUT", "unreachable"],
  ["08006", "unreachable"],
  ["XX000", "other"],
])("%s is trouble of the kind %s", (code, kind) => {
  troubles.failed(claim, "claim", withCode(code));
  expect(told()).toMatchObject([{ kind, errorCode: code }]);
});
