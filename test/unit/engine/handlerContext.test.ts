import { pino } from "pino";
import { expect, test, vi } from "vitest";

import { timesCalled } from "../../engine/engine.ts";
import { type AnyTaskContext, HandlerContext, type HandlerContextSource } from "../../../src/engine/handlerContext.ts";

const CLAIM: HandlerContextSource["claim"] = {
  jobId: "42",
  identifier: "publish",
  version: "v",
  tenant: "acme",
  fence: 1,
  firstPosition: 1,
  payload: {},
  plan: [],
  maxAttempts: 5,
  createdAt: new Date(36 ** 3),
  isSuspect: false,
  timeoutAt: null,
  timeoutInMs: null,
};

function createSource() {
  return {
    claim: CLAIM,
    task: { position: 2, key: "upload[1]", name: "Upload 1/3", attempt: 1 },
    payload: { title: "Jacket" },
    input: "a.jpg",
    results: vi.fn<HandlerContextSource["results"]>(() => ({ validate: Promise.resolve(7) })),
    signal: vi.fn<HandlerContextSource["signal"]>(() => new AbortController().signal),
    log: vi.fn<HandlerContextSource["log"]>(() => pino({ level: "silent" })),
    progress: vi.fn<HandlerContextSource["progress"]>(),
  };
}

test("what nobody reads is not made; what is read twice is made once", () => {
  const source = createSource();
  const context = new HandlerContext(source);
  expect(context.payload).toBe(source.payload);
  for (const make of [source.results, source.signal, source.log]) {
    expect(make).not.toHaveBeenCalled();
  }
  expect(context.signal).toBe(context.signal);
  expect(context.results).toBe(context.results);
  expect(context.log).toBe(context.log);
  for (const make of [source.results, source.signal, source.log]) {
    expect(timesCalled(make)).toBe(1);
  }
});

test("a handler may copy its context, and take it apart", () => {
  const source = createSource();
  // A handler sees an object of this type, and no class.
  const context: AnyTaskContext = new HandlerContext(source);
  const { idempotencyKey, progress, ...rest } = { ...context };
  progress(0.5);
  expect(source.progress).toHaveBeenCalledWith(0.5);
  expect(idempotencyKey).toBe("ratchet-1000-42-upload[1]");
  expect(Object.keys(rest).toSorted()).toStrictEqual(["input", "job", "log", "payload", "results", "signal", "task"]);
  expect(rest.job).toStrictEqual({ id: "42", identifier: "publish", tenant: "acme" });
  expect(rest.signal).toBeInstanceOf(AbortSignal);
});

test("a handler may let an object inherit from its context, and look at it through a proxy", () => {
  const source = createSource();
  const context: AnyTaskContext = new HandlerContext(source);
  const heir = Object.create(context) as AnyTaskContext;
  expect(heir.idempotencyKey).toBe("ratchet-1000-42-upload[1]");
  const proxy = new Proxy(context, {});
  expect(proxy.signal).toBeInstanceOf(AbortSignal);
  expect(proxy.signal).toBe(context.signal);
});
