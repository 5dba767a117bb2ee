import { expect, test } from "vitest";

import { createLogger } from "../../src/telemetry/logger.ts";
import { createGraphileLogger } from "../../src/worker/graphileLogger.ts";

function logged(): { readonly log: ReturnType<typeof createGraphileLogger>; readonly levels: () => string[] } {
  const lines: { level: unknown }[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[number]) };
  return {
    log: createGraphileLogger(createLogger({ level: "debug", destination })),
    levels: () => lines.map(({ level }) => String(level)),
  };
}

test("that there is no crontab is a remark for debugging, that it cannot be read is an error", () => {
  const { log, levels } = logged();
  log.info("Failed to read crontab file '/app/crontab'; cron is disabled");
  log.info("Found crontab file '/app/crontab'; cron is now enabled");
  log.error("Failed to read crontab file '/app/crontab': Error: EISDIR");
  const [absent, found, broken] = levels();
  expect(absent).toMatch(/^(?:20|debug)$/v);
  expect(found).toMatch(/^(?:30|info)$/v);
  expect(broken).toMatch(/^(?:50|error)$/v);
});

test("a pool that is ended by force is a remark for debugging, one that fails to end an error", () => {
  const { log, levels } = logged();
  const forced = "forcefulShutdown was initiated whilst gracefulShutdown was still executing.";
  log.error(`Error occurred during graceful shutdown: ${forced}`, { error: new Error(forced) });
  log.error("Error occurred during graceful shutdown: no", { error: new Error("no") });
  const [byForce, failed] = levels();
  expect(byForce).toMatch(/^(?:20|debug)$/v);
  expect(failed).toMatch(/^(?:50|error)$/v);
});
