import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { tellLongStop } from "../../../src/cli/stopping.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("a stop that takes longer than a second says what it waits for, once", () => {
  const asked = new AbortController();
  const told: string[] = [];
  const end = tellLongStop(asked.signal, { shutdownGraceMs: 10_000 }, (sentence) => {
    told.push(sentence);
  });
  vi.advanceTimersByTime(60_000);
  expect(told).toStrictEqual([]);
  asked.abort();
  vi.advanceTimersByTime(999);
  expect(told).toStrictEqual([]);
  vi.advanceTimersByTime(60_000);
  expect(told).toStrictEqual(["Stopping. Running tasks have 10 s to end; Ctrl-C once more ends at once."]);
  end();
});

test("a stop that is over at once says nothing, nor does one that is asked for after the end", () => {
  const told: string[] = [];
  for (const endsFirst of [false, true]) {
    const asked = new AbortController();
    const end = tellLongStop(asked.signal, { shutdownGraceMs: 10_000 }, (sentence) => {
      told.push(sentence);
    });
    if (endsFirst) {
      end();
      asked.abort();
    } else {
      asked.abort();
      end();
    }
    vi.advanceTimersByTime(60_000);
  }
  expect(told).toStrictEqual([]);
});
