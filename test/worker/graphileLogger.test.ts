import { expect, test } from "vitest";

import { createLogger } from "../../src/telemetry/logger.ts";
import { createGraphileLogger } from "../../src/worker/graphileLogger.ts";

test("that there is no crontab is a remark for debugging, that it cannot be read is an error", () => {
  const lines: { level: unknown; msg: string }[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[number]) };
  const log = createGraphileLogger(createLogger({ level: "debug", destination }));
  log.info("Failed to read crontab file '/app/crontab'; cron is disabled");
  log.info("Found crontab file '/app/crontab'; cron is now enabled");
  log.error("Failed to read crontab file '/app/crontab': Error: EISDIR");
  const [absent, found, broken] = lines.map(({ level }) => String(level));
  expect(absent).toMatch(/^(?:20|debug)$/v);
  expect(found).toMatch(/^(?:30|info)$/v);
  expect(broken).toMatch(/^(?:50|error)$/v);
});
