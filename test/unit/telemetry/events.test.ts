import { Writable } from "node:stream";

import { expect, test } from "vitest";

import { type RatchetEventName, createEventHub } from "../../../src/telemetry/events.ts";
import { logEvents } from "../../../src/telemetry/logEvents.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";

const FAILED = {
  jobId: "7",
  identifier: "publish",
  task: "upload[2]",
  position: 3,
  attempt: 1,
  durationMs: 1234.5,
  batch: "0-1",
  errorName: "Error",
  errorMessage: "no",
  errorCode: null,
  errorStack: null,
} as const;

function createRecorder(level: string) {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { lines, log: createLogger({ level, destination }) };
}

test("a listener that throws keeps no other from hearing, and is told of", () => {
  const heard: string[] = [];
  const told: [unknown, RatchetEventName][] = [];
  const hub = createEventHub((error, name) => {
    told.push([error, name]);
  });
  const problem = new Error("listener");
  hub.on("runner.restarted", () => {
    throw problem;
  });
  const end = hub.on("runner.restarted", ({ reason }) => {
    heard.push(reason);
  });
  hub.emit("runner.restarted", { reason: "first" });
  end();
  hub.emit("runner.restarted", { reason: "second" });
  expect(heard).toStrictEqual(["first"]);
  expect(told).toStrictEqual([
    [problem, "runner.restarted"],
    [problem, "runner.restarted"],
  ]);
});

test("a failure that will be retried is a warning with the wait in seconds, a final one an error", () => {
  const { lines, log } = createRecorder("info");
  const hub = createEventHub(() => {});
  logEvents(hub, log);
  hub.emit("task.failed", { ...FAILED, retryInMs: 30_000 });
  hub.emit("task.failed", { ...FAILED, retryInMs: null });
  expect(lines).toMatchObject([
    { level: "warn", msg: "task failed and will be retried", seconds: 1.235, retryInSeconds: 30, task: "upload[2]" },
    { level: "error", msg: "task failed for good", seconds: 1.235 },
  ]);
  expect(lines[1]).not.toHaveProperty("retryInSeconds");
  expect(lines[0]).not.toHaveProperty("durationMs");
});

test("a stop tells its grace in seconds, and how many jobs it still held only if there were some", () => {
  const { lines, log } = createRecorder("info");
  const hub = createEventHub(() => {});
  logEvents(hub, log);
  hub.emit("worker.stopping", { workerId: 1, graceMs: 10_000 });
  hub.emit("worker.stopped", { workerId: 1, handedBack: 0 });
  hub.emit("worker.stopped", { workerId: 1, handedBack: 2 });
  expect(lines).toMatchObject([
    { msg: expect.stringMatching(/^worker stops: /v), graceSeconds: 10 },
    { msg: "worker stopped" },
    { msg: "worker stopped", handedBack: 2 },
  ]);
  expect(lines[1]).not.toHaveProperty("handedBack");
});

test("logging ends when it is told to", () => {
  const { lines, log } = createRecorder("debug");
  const hub = createEventHub(() => {});
  const end = logEvents(hub, log);
  end();
  hub.emit("runner.restarted", { reason: "unheard" });
  expect(lines).toStrictEqual([]);
});

test("payloads, results, inputs, connection strings and passwords are blackened", () => {
  const { lines, log } = createRecorder("info");
  log.info({ payload: { card: "4111" }, job: { result: "4111", input: "4111" } }, "handler's own line");
  log.info({ connectionString: "postgres://u:4111@h/d", options: { password: "4111" } }, "start");
  expect(JSON.stringify(lines)).not.toContain("4111");
  expect(lines).toHaveLength(2);
});
