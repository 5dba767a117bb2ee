import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { SweepReport } from "../../../src/database/calls/wakeUps.ts";
import { createEventHub } from "../../../src/telemetry/events.ts";
import { startMaintenance } from "../../../src/worker/maintenance.ts";
import { deferred } from "../../support/waiting.ts";

const NOTHING: SweepReport = { woken: [], settled: [] };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function startWith(sweep: () => Promise<SweepReport>) {
  const told: object[] = [];
  const events = createEventHub((error) => {
    throw error;
  });
  events.on("sweep.mended", (event) => {
    told.push(event);
  });
  events.on("database.troubled", (event) => {
    told.push(event);
  });
  events.on("database.recovered", (event) => {
    told.push(event);
  });
  return { maintenance: startMaintenance({ events, sweep }), told };
}

function failing(code: string, times: number): () => Promise<SweepReport> {
  let left = times;
  return () => (left-- > 0 ? Promise.reject(Object.assign(new Error("refused"), { code })) : Promise.resolve(NOTHING));
}

test("sweeps every second, and tells what was mended", async () => {
  const sweep = vi.fn<() => Promise<SweepReport>>().mockResolvedValue({ woken: ["1"], settled: [] });
  const { maintenance, told } = startWith(sweep);
  await vi.advanceTimersByTimeAsync(2000);
  expect(sweep).toHaveBeenCalledTimes(3);
  expect(told).toStrictEqual(Array.from({ length: 3 }, () => ({ woken: ["1"], settled: [] })));
  await maintenance.stop();
});

test("a sweep that takes longer than a second is the only one, and its end is waited for", async () => {
  const end = deferred<SweepReport>();
  let sweeps = 0;
  const { maintenance } = startWith(() => {
    sweeps++;
    return end.promise;
  });
  await vi.advanceTimersByTimeAsync(3000);
  expect(sweeps).toBe(1);
  const stopped = vi.fn<() => void>();
  const stopping = maintenance.stop().then(stopped);
  await vi.advanceTimersByTimeAsync(1000);
  expect(stopped).not.toHaveBeenCalled();
  end.resolve(NOTHING);
  await stopping;
});

test("what is wrong with the sweep alone is told once, and when it is over", async () => {
  const { maintenance, told } = startWith(failing("42883", 3));
  await vi.advanceTimersByTimeAsync(4000);
  expect(told).toMatchObject([
    { kind: "missing", call: "sweep", errorMessage: "refused" },
    { kind: "missing", call: "sweep" },
  ]);
  await maintenance.stop();
});

test.each([
  ["a deadlock now and then", "40P01"],
  ["a row that somebody holds for a moment", "55P03"],
  ["a server that is away, of which others tell", "57P01"],
])("%s is not told", async (_, code) => {
  const { maintenance, told } = startWith(failing(code, 3));
  await vi.advanceTimersByTimeAsync(5000);
  expect(told).toStrictEqual([]);
  await maintenance.stop();
});
