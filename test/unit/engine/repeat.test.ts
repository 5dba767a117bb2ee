import { beforeEach, describe, expect, test, vi } from "vitest";

import { repeatUntilAnswered } from "../../../src/engine/repeat.ts";
import { type RecordingHub, createRecordingHub } from "../../engine/engine.ts";

const pause = vi.hoisted(() => vi.fn<(delayMs: number, value: undefined, options: object) => Promise<unknown>>());

vi.mock(import("node:timers/promises"), () => ({ setTimeout: pause as never }));

let events: RecordingHub;
let stop: AbortController;

beforeEach(() => {
  events = createRecordingHub();
  stop = new AbortController();
  pause.mockReset().mockResolvedValue(null);
});

/** Fails with each of these in turn, then answers. */
function failing(...errors: readonly unknown[]): () => Promise<string> {
  const left = [...errors];
  return () =>
    new Promise((resolve) => {
      if (left.length > 0) {
        throw left.shift();
      }
      resolve("answer");
    });
}

function withCode(code: string): Error {
  return Object.assign(new Error(`error ${code}`), { code });
}

function repeat(attempt: () => Promise<string>): Promise<string> {
  return repeatUntilAnswered(attempt, { call: "claim", events, signal: stop.signal });
}

function pauses(): unknown[] {
  return pause.mock.calls.map(([delayMs]) => delayMs);
}

describe("repeatUntilAnswered", () => {
  test("tells nothing and pauses never when Postgres answers at once", async () => {
    expect(await repeat(failing())).toBe("answer");
    expect(pauses()).toStrictEqual([]);
    expect(events.told("database.recovered")).toStrictEqual([]);
  });

  test.each(["ECONNREFUSED", "57P01", "40P01", "40001", "55P03", "42501", "53300"])(
    "goes on through %s",
    async (code) => {
      expect(await repeat(failing(withCode(code)))).toBe("answer");
    },
  );

  test("pauses longer each time, five seconds at most", async () => {
    await repeat(failing(...Array.from({ length: 9 }, () => new Error("away"))));
    expect(pauses()).toStrictEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  test("tells trouble once, with its first reason, and its end once", async () => {
    await repeat(failing(withCode("57P01"), new Error("later"), "not even an error"));
    expect(events.told("database.troubled")).toStrictEqual([
      { kind: "unreachable", call: "claim", errorMessage: "error 57P01", errorCode: "57P01" },
      { kind: "other", call: "claim", errorMessage: "later", errorCode: null },
    ]);
    expect(events.told("database.recovered")).toMatchObject([{ kind: "unreachable" }, { kind: "other" }]);
  });

  test.each(["40P01", "40001", "55P03"])("tells %s only if it goes on", async (code) => {
    await repeat(failing(withCode(code), withCode(code), withCode(code)));
    expect(events.told("database.troubled")).toStrictEqual([]);
    await repeat(failing(withCode(code), withCode(code), withCode(code), withCode(code)));
    expect(events.told("database.troubled")).toMatchObject([{ errorCode: code }]);
    expect(events.told("database.recovered")).toHaveLength(1);
  });

  test("ends its pause when another call that met the same trouble is answered", async () => {
    const pauseBegan = Promise.withResolvers<AbortSignal>();
    pause.mockImplementationOnce((_delayMs, _value, { signal }: { signal?: AbortSignal }) => {
      pauseBegan.resolve(signal ?? AbortSignal.abort());
      return new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          reject(new Error("AbortError"));
        });
      });
    });
    const waiting = repeat(failing(withCode("57P01")));
    const signal = await pauseBegan.promise;
    await repeat(failing(withCode("42501")));
    expect(signal.aborted).toBe(false);
    await repeat(failing(withCode("ECONNREFUSED")));
    expect(await waiting).toBe("answer");
  });

  test.each(["22P05", "22021", "54001", "23514"])("gives a refused value (%s) back at once", async (code) => {
    await expect(repeat(failing(withCode(code)))).rejects.toMatchObject({ code });
    expect(pauses()).toStrictEqual([]);
    expect(events.told("database.troubled")).toStrictEqual([]);
  });

  test("ends with the last error when it is told to stop during a call", async () => {
    let calls = 0;
    const running = repeat(() => {
      calls++;
      stop.abort();
      return Promise.reject(new Error("away"));
    });
    await expect(running).rejects.toThrow("away");
    expect(calls).toBe(1);
  });

  test("ends with the last error when it is told to stop during a pause", async () => {
    pause.mockImplementation(() => {
      stop.abort();
      return Promise.reject(new Error("AbortError"));
    });
    await expect(repeat(failing(new Error("away")))).rejects.toThrow("away");
    expect(pause.mock.calls[0]?.[0]).toBe(50);
  });
});
