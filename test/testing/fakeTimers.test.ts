import { afterEach, beforeEach, expect, inject, test, vi } from "vitest";

import { defineJob } from "../../src/index.ts";
import { testJob } from "../../src/testing/index.ts";

const definition = defineJob({ retry: { delay: "1 h" } })
  .task("send", { timeout: "5 s" }, () => new Date().toISOString())
  .task("note", () => 2);

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2020-01-01T00:00:00Z") });
});

afterEach(() => {
  vi.useRealTimers();
});

test("a runner's fake clock is for the handlers and stops nothing", async () => {
  const job = await testJob(definition, {}, { failOnce: ["note"], databaseUrl: inject("testServerUrl") });
  expect(job.status).toBe("COMPLETED");
  expect(job.results.send).toBe("2020-01-01T00:00:00.000Z");
  expect(job.failures[0]?.retryInMs).toBe(3_600_000);
});
